import { Form, Input } from "antd";
import type { Messages } from "../../i18n/messages.ts";
import { useMessages } from "../../i18n/provider.tsx";
import { isInverted, versionProblem } from "./send_rules.ts";

/** App versions from and to, both included. */
export function VersionRange() {
  const t = useMessages();
  return (
    <Form.Item label={t.send.versionRange} htmlFor="minVersion" extra={t.send.versionHint}>
      <div className="range">
        <VersionField name="minVersion" other="maxVersion" label={t.send.versionFrom} t={t} />
        <span aria-hidden>–</span>
        <VersionField name="maxVersion" other="minVersion" label={t.send.versionTo} t={t} />
      </div>
    </Form.Item>
  );
}

interface VersionFieldProps {
  name: "minVersion" | "maxVersion";
  other: "minVersion" | "maxVersion";
  label: string;
  t: Messages;
}

function VersionField({ name, other, label, t }: VersionFieldProps) {
  return (
    <Form.Item
      name={name}
      noStyle
      dependencies={[other]}
      rules={[({ getFieldValue }) => ({
        validator(_, value: string) {
          const [min, max] = name === "minVersion" ? [value, getFieldValue(other)] : [getFieldValue(other), value];
          const problem = versionProblem(value, t) ?? (isInverted(min, max) ? t.send.versionOrder : undefined);
          return problem === undefined ? Promise.resolve() : Promise.reject(new Error(problem));
        },
      })]}
    >
      <Input id={name} aria-label={label} placeholder={label} maxLength={20} autoComplete="off" />
    </Form.Item>
  );
}
