import { Alert, Button, Form, Input } from "antd";
import { Navigate, useNavigate, useSearchParams } from "react-router";
import { ApiError } from "../../api/errors.ts";
import { useLogin, useMe } from "../../api/session.ts";
import { errorText } from "../../components/feedback.tsx";
import type { Messages } from "../../i18n/messages.ts";
import { useMessages } from "../../i18n/provider.tsx";
import { Entry } from "./entry.tsx";

interface Credentials {
  login: string;
  password: string;
}

export function Component() {
  const t = useMessages();
  const me = useMe();
  const login = useLogin();
  const navigate = useNavigate();
  const [params] = useSearchParams();
  const back = ownPath(params.get("to"));
  if (me.isSuccess && login.isIdle) return <Navigate to={back} replace />;
  const submit = (credentials: Credentials) =>
    login.mutate(credentials, {
      onSuccess: (who) => void navigate(who.mustChangePassword ? "/password" : back, { replace: true }),
    });
  return (
    <Entry title={t.login.title}>
      <Form<Credentials> layout="vertical" requiredMark={false} onFinish={submit}>
        {login.isError && (
          <Form.Item>
            <Alert type="error" showIcon role="alert" title={loginError(login.error, t)} />
          </Form.Item>
        )}
        <Form.Item name="login" label={t.login.name} rules={[{ required: true }]}>
          <Input autoComplete="username" autoFocus maxLength={50} size="large" />
        </Form.Item>
        <Form.Item name="password" label={t.login.password} rules={[{ required: true }]}>
          <Input.Password autoComplete="current-password" size="large" />
        </Form.Item>
        <Button type="primary" htmlType="submit" size="large" block loading={login.isPending}>{t.login.submit}</Button>
      </Form>
      <p className="muted small entry-note">{t.login.firstStart}</p>
    </Entry>
  );
}

function loginError(error: unknown, t: Messages): string {
  if (error instanceof ApiError && error.status === 401) return t.login.wrong;
  if (error instanceof ApiError && error.status === 429) return t.login.throttled;
  return errorText(error, t);
}

/** Only a path of the console is gone back to: the address may come from anywhere. */
function ownPath(path: string | null): string {
  return path?.startsWith("/") && !path.startsWith("//") && !path.startsWith("/login") ? path : "/";
}
