import { Alert, Button, Flex, Form, Input, InputNumber, Radio, Switch } from "antd";
import type { ReactNode } from "react";
import { Link } from "react-router";
import { useCurrentInstance } from "../../app/instance_scope.tsx";
import "../../components/form.css";
import { useMessages } from "../../i18n/provider.tsx";
import { type ConfigValues, fieldsFor, hiddenReasons } from "./config_rules.ts";

interface ConfigFormProps {
  initial: ConfigValues;
  /** An existing config: what never changes is shown, not asked for. */
  existing?: boolean;
  busy: boolean;
  error?: { field?: string | undefined; text: string } | undefined;
  onSubmit: (values: ConfigValues) => void;
  onCancel: () => void;
}

/** Asks for what a config is made of. Fields that mean nothing together are left out, and the reason is told. */
export function ConfigForm({ initial, existing = false, busy, error, onSubmit, onCancel }: ConfigFormProps) {
  const t = useMessages();
  const [form] = Form.useForm<ConfigValues>();
  const watched: Partial<ConfigValues> = Form.useWatch([], form) ?? {};
  const values = { ...initial, ...watched };
  const shown = fieldsFor(values);
  const reasons = hiddenReasons(values, t);
  const refused = (field: string) =>
    error?.field === field ? { validateStatus: "error" as const, help: error.text } : {};
  return (
    <Form<ConfigValues>
      form={form}
      className="form"
      layout="vertical"
      initialValues={initial}
      onFinish={() => onSubmit({ ...initial, ...form.getFieldsValue() })}
    >
      {error && !error.field && <Alert className="form-alert" type="error" showIcon role="alert" title={error.text} />}
      {!existing && <Identity refused={refused} />}
      <Form.Item
        name="description"
        label={t.configs.description}
        extra={t.configs.descriptionHint}
        rules={[{ required: true, whitespace: true }]}
        normalize={oneLine}
        {...refused("description")}
      >
        <Input.TextArea maxLength={500} rows={3} />
      </Form.Item>
      {!existing && <WhomFor values={values} />}
      {!existing && shown.multiDevice && (
        <SwitchItem
          name="multiDevice"
          label={t.configs.multiDevice}
          on={values.multiDevice}
          help={t.configs.multiDeviceHelp}
        />
      )}
      {shown.persistent && (
        <SwitchItem
          name="persistent"
          label={t.configs.persistent}
          on={values.persistent}
          help={t.configs.persistentHelp}
        />
      )}
      {shown.retention && (
        <Form.Item
          name="retentionDays"
          label={t.configs.retentionDays}
          rules={[{ required: true, type: "integer", min: 1, max: 30, message: t.configs.retentionRule }]}
          {...refused("retentionDays")}
        >
          <InputNumber className="number" min={1} max={30} precision={0} suffix={t.common.unitDays} />
        </Form.Item>
      )}
      {shown.resend && <Resend values={values} refused={refused} />}
      {shown.consistency && <ConsistencyItem on={values.consistency} />}
      {reasons.length > 0 && <NotShown reasons={reasons} />}
      <Flex gap={8}>
        <Button type="primary" htmlType="submit" loading={busy}>{existing ? t.common.save : t.common.create}</Button>
        <Button onClick={onCancel}>{t.common.cancel}</Button>
      </Flex>
    </Form>
  );
}

/** A description is one line for the API, however it is typed or pasted. */
function oneLine(text: string): string {
  return text.replace(/[\r\n\t]+/g, " ");
}

function Identity({ refused }: { refused: (field: string) => object }) {
  const t = useMessages();
  return (
    <Form.Item
      name="bizType"
      label={t.configs.bizType}
      extra={t.configs.bizTypeHint}
      validateFirst
      rules={[{ required: true }, { pattern: /^[A-Za-z0-9_-]{1,30}$/, message: t.common.unfit }]}
      {...refused("bizType")}
    >
      <Input className="code" maxLength={30} placeholder="DEVICE-LOCK" autoComplete="off" spellCheck={false} />
    </Form.Item>
  );
}

function WhomFor({ values }: { values: ConfigValues }) {
  const t = useMessages();
  return (
    <>
      <Form.Item name="scope" label={t.configs.scope} extra={t.configs.scopeHelp[values.scope]}>
        <Radio.Group optionType="button" buttonStyle="solid" options={choices(t.configs.scopes)} />
      </Form.Item>
      <Form.Item name="target" label={t.configs.target}>
        <Radio.Group optionType="button" buttonStyle="solid" options={choices(t.configs.targets)} />
      </Form.Item>
    </>
  );
}

function Resend({ values, refused }: { values: ConfigValues; refused: (field: string) => object }) {
  const t = useMessages();
  return (
    <>
      <Form.Item name="resend" label={t.configs.resend} extra={t.configs.resendHelp[values.resend]}>
        <Radio.Group optionType="button" buttonStyle="solid" options={choices(t.configs.resendModes)} />
      </Form.Item>
      {values.resend === "threshold" && (
        <Form.Item
          name="threshold"
          label={t.configs.threshold}
          extra={t.configs.thresholdHelp}
          rules={[{ required: true, type: "integer", min: 1, max: 1000, message: t.configs.thresholdRule }]}
          {...refused("threshold")}
        >
          <InputNumber min={1} max={1000} precision={0} />
        </Form.Item>
      )}
    </>
  );
}

function ConsistencyItem({ on }: { on: boolean }) {
  const t = useMessages();
  const instance = useCurrentInstance();
  return (
    <>
      <SwitchItem
        name="consistency"
        label={t.configs.consistency}
        on={on}
        help={{ on: t.configs.consistencyHelp, off: t.configs.consistencyHelp }}
      />
      {on && instance.sessionValidateUrl === null && (
        <Alert
          className="form-alert"
          type="warning"
          showIcon
          title={t.configs.consistencyNoUrl}
          action={
            <Link to={`/i/${encodeURIComponent(instance.instanceId)}/service`}>{t.configs.consistencyNoUrlLink}</Link>
          }
        />
      )}
    </>
  );
}

interface SwitchItemProps {
  name: keyof ConfigValues;
  label: string;
  on: boolean;
  help: { on: string; off: string };
}

function SwitchItem({ name, label, on, help }: SwitchItemProps) {
  return (
    <Form.Item name={name} label={label} valuePropName="checked" extra={on ? help.on : help.off}>
      <Switch aria-label={label} />
    </Form.Item>
  );
}

function NotShown({ reasons }: { reasons: string[] }) {
  const t = useMessages();
  const list: ReactNode = <ul className="plain-list">{reasons.map((reason) => <li key={reason}>{reason}</li>)}</ul>;
  return <Alert className="form-alert" type="info" title={t.configs.notShown} description={list} aria-live="polite" />;
}

function choices<T extends string>(labels: Record<T, string>) {
  return Object.entries<string>(labels).map(([value, label]) => ({ value, label }));
}
