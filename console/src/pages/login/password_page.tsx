import { Alert, App, Button, Form, Input } from "antd";
import { useNavigate } from "react-router";
import { ApiError } from "../../api/errors.ts";
import { useChangePassword } from "../../api/session.ts";
import { useOperator } from "../../app/session_gate.tsx";
import { useLeave } from "../../app/use_leave.ts";
import { errorText } from "../../components/feedback.tsx";
import { useMessages } from "../../i18n/provider.tsx";
import { Entry } from "./entry.tsx";

const SHORTEST = 12;

interface Passwords {
  current: string;
  next: string;
  again: string;
}

/** Chooses a password: when the operator wants to, or has to after a one-time password. */
export function Component() {
  const t = useMessages();
  const { message } = App.useApp();
  const me = useOperator();
  const change = useChangePassword();
  const leave = useLeave();
  const navigate = useNavigate();
  const submit = ({ current, next }: Passwords) =>
    change.mutate({ current, next }, {
      onSuccess: () => {
        void message.success(t.login.changed);
        void navigate("/", { replace: true });
      },
    });
  const wrong = change.error instanceof ApiError && change.error.field === "current";
  return (
    <Entry title={t.login.changeTitle}>
      <Form<Passwords> layout="vertical" requiredMark={false} onFinish={submit}>
        {me.mustChangePassword && (
          <Form.Item>
            <Alert type="info" showIcon title={t.login.changeForced} />
          </Form.Item>
        )}
        {change.isError && (
          <Form.Item>
            <Alert
              type="error"
              showIcon
              role="alert"
              title={wrong ? t.login.wrongCurrent : errorText(change.error, t)}
            />
          </Form.Item>
        )}
        <input type="text" autoComplete="username" value={me.login} readOnly hidden />
        <Form.Item name="current" label={t.login.current} rules={[{ required: true }]}>
          <Input.Password autoComplete="current-password" autoFocus />
        </Form.Item>
        <Form.Item
          name="next"
          label={t.login.next}
          extra={t.login.rule(SHORTEST)}
          dependencies={["current"]}
          rules={[
            { required: true },
            { min: SHORTEST, message: t.login.tooShort(SHORTEST) },
            ({ getFieldValue }) => ({
              validator: (_, value) =>
                value && value === getFieldValue("current")
                  ? Promise.reject(new Error(t.login.same))
                  : Promise.resolve(),
            }),
          ]}
        >
          <Input.Password autoComplete="new-password" maxLength={200} />
        </Form.Item>
        <Form.Item
          name="again"
          label={t.login.again}
          dependencies={["next"]}
          rules={[
            { required: true },
            ({ getFieldValue }) => ({
              validator: (_, value) => !value || value === getFieldValue("next")
                ? Promise.resolve()
                : Promise.reject(new Error(t.login.mismatch)),
            }),
          ]}
        >
          <Input.Password autoComplete="new-password" maxLength={200} />
        </Form.Item>
        <Button type="primary" htmlType="submit" block loading={change.isPending}>{t.login.changeSubmit}</Button>
        {me.mustChangePassword
          ? <Button type="link" block onClick={leave}>{t.shell.logout}</Button>
          : <Button type="link" block onClick={() => void navigate(-1)}>{t.common.cancel}</Button>}
      </Form>
    </Entry>
  );
}
