import { App, Button, Card, Flex, Form, Input } from "antd";
import { type Instance, useChangeInstance } from "../../api/instances.ts";
import { errorText } from "../../components/feedback.tsx";
import { useMessages } from "../../i18n/provider.tsx";
import { ValidationTrial } from "./validation_trial.tsx";

/** Where sessions are confirmed (SES-2), and a trial of it. */
export function Validation({ instance, canEdit }: { instance: Instance; canEdit: boolean }) {
  const t = useMessages();
  const { message } = App.useApp();
  const change = useChangeInstance(instance.instanceId);
  const [form] = Form.useForm<{ url: string }>();
  const url: string = Form.useWatch("url", form) ?? instance.sessionValidateUrl ?? "";
  const saved = instance.sessionValidateUrl ?? "";
  const save = () =>
    change.mutateAsync({ sessionValidateUrl: url.trim() || null }).then(
      () => void message.success(t.common.saved),
      (error) => form.setFields([{ name: "url", errors: [errorText(error, t)] }]),
    );
  return (
    <Card title={t.service.validation}>
      <p className="muted card-hint-first">{t.service.validationHint}</p>
      {!canEdit && <p className="code">{saved || t.service.urlNone}</p>}
      {canEdit && (
        <Form form={form} layout="vertical" initialValues={{ url: saved }} onFinish={save}>
          <Form.Item label={t.service.url} htmlFor="url" {...(url.trim() === "" && { extra: t.service.urlNone })}>
            <Flex gap={8}>
              <Form.Item
                name="url"
                noStyle
                rules={[{ validator: (_, value: string) => checkUrl(value, t.service.urlRule) }]}
              >
                <Input
                  id="url"
                  className="code"
                  type="url"
                  maxLength={2000}
                  placeholder={t.service.urlPlaceholder}
                  allowClear
                />
              </Form.Item>
              <Button type="primary" htmlType="submit" disabled={url.trim() === saved} loading={change.isPending}>
                {t.common.save}
              </Button>
            </Flex>
          </Form.Item>
        </Form>
      )}
      {canEdit && isUrl(url.trim()) && <ValidationTrial instanceId={instance.instanceId} url={url.trim()} />}
    </Card>
  );
}

function isUrl(text: string): boolean {
  return URL.canParse(text) && /^https?:$/.test(new URL(text).protocol);
}

function checkUrl(text: string | undefined, problem: string): Promise<void> {
  const trimmed = text?.trim() ?? "";
  return trimmed === "" || isUrl(trimmed) ? Promise.resolve() : Promise.reject(new Error(problem));
}
