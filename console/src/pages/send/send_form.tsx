import { Alert, App, Button, Form, Input, InputNumber, Select, Space } from "antd";
import type { Config } from "../../api/configs.ts";
import { type PushAnswer, type PushBody, type PushDetail, useSendData } from "../../api/pushes.ts";
import { useCurrentInstance } from "../../app/instance_scope.tsx";
import { errorText } from "../../components/feedback.tsx";
import { ReloadOutlined, SendOutlined } from "../../components/icons.tsx";
import { useMessages } from "../../i18n/provider.tsx";
import { ContentField } from "./content_field.tsx";
import { bodyOf, emptyPush, idProblem, newThirdMsgId, pushAgain, type SendValues, SYSTEMS } from "./send_rules.ts";
import { VersionRange } from "./version_range.tsx";

interface SendFormProps {
  config: Config;
  /** The push to start from. */
  again?: PushDetail;
  onAnswer: (body: PushBody, answer: PushAnswer) => void;
}

/** Asks for one push, by what its config needs; every field is judged while it is typed. */
export function SendForm({ config, again, onAnswer }: SendFormProps) {
  const t = useMessages();
  const { message } = App.useApp();
  const { instanceId } = useCurrentInstance();
  const [form] = Form.useForm<SendValues>();
  const send = useSendData(instanceId);
  const initial = { ...(again ? pushAgain(again) : emptyPush(config.bizType)), days: config.retentionDays };
  // Callers may filter by any system, such as the SDK's own "web".
  const systems = [...new Set<string>([...SYSTEMS, initial.system])].filter((one) => one !== "");
  const submit = () => {
    const body = bodyOf({ ...initial, ...form.getFieldsValue(true) }, config, Date.now(), again?.owner);
    void send.mutateAsync(body).then(
      (answer) => {
        onAnswer(body, answer);
        if (answer.success) form.setFieldValue("thirdMsgId", newThirdMsgId());
      },
      (error) => void message.error(errorText(error, t)),
    );
  };
  return (
    <Form<SendValues> form={form} className="form" layout="vertical" initialValues={initial} onFinish={submit}>
      {again && (
        <Alert
          className="form-alert"
          type={again.payload === null ? "warning" : "info"}
          showIcon
          title={again.payload === null ? t.send.resendLost : t.send.resendNote(again.thirdMsgId ?? String(again.id))}
        />
      )}
      {config.scope === "global"
        ? <Alert className="form-alert" type="info" showIcon title={t.send.globalNote} />
        : <OwnerField config={config} />}
      <ContentField form={form} />
      <ThirdMsgIdField required={config.persistent} onMake={() => form.setFieldValue("thirdMsgId", newThirdMsgId())} />
      <Form.Item name="system" label={t.send.system}>
        <Select
          options={[
            { value: "", label: t.send.systemAll },
            ...systems.map((one) => ({ value: one, label: one })),
          ]}
        />
      </Form.Item>
      <VersionRange />
      {config.persistent && (
        <Form.Item
          name="days"
          label={t.send.validity}
          extra={t.send.validityHint(config.retentionDays)}
          rules={[{
            required: true,
            type: "integer",
            min: 1,
            max: config.retentionDays,
            message: `1 – ${t.send.validityDays(config.retentionDays)}`,
          }]}
        >
          <InputNumber className="number" min={1} max={config.retentionDays} precision={0} suffix={t.common.unitDays} />
        </Form.Item>
      )}
      <Button type="primary" htmlType="submit" icon={<SendOutlined />} loading={send.isPending}>{t.send.submit}</Button>
    </Form>
  );
}

function OwnerField({ config }: { config: Config }) {
  const t = useMessages();
  const label = config.target === "user" ? t.send.userId : t.send.deviceId;
  return (
    <Form.Item
      name="owner"
      label={label}
      validateFirst
      rules={[
        { required: true, whitespace: true },
        { validator: (_, value: string) => verdict(idProblem(value ?? "", label, t)) },
      ]}
    >
      <Input autoComplete="off" spellCheck={false} />
    </Form.Item>
  );
}

function ThirdMsgIdField({ required, onMake }: { required: boolean; onMake: () => void }) {
  const t = useMessages();
  return (
    <Form.Item
      label={t.send.thirdMsgId}
      htmlFor="thirdMsgId"
      required={required}
      extra={required ? t.send.thirdMsgIdHint : t.send.thirdMsgIdOptional}
    >
      <Space.Compact block>
        <Form.Item
          name="thirdMsgId"
          noStyle
          rules={[
            { required, whitespace: required, message: t.common.required(t.send.thirdMsgId) },
            { validator: (_, value: string) => verdict(idProblem(value ?? "", t.send.thirdMsgId, t)) },
          ]}
        >
          <Input id="thirdMsgId" className="code" autoComplete="off" spellCheck={false} />
        </Form.Item>
        <Button icon={<ReloadOutlined />} aria-label={t.send.generate} title={t.send.generate} onClick={onMake} />
      </Space.Compact>
    </Form.Item>
  );
}

/** A form rule's answer: nothing wrong, or what. */
function verdict(problem: string | undefined): Promise<void> {
  return problem === undefined ? Promise.resolve() : Promise.reject(new Error(problem));
}
