import { App } from "antd";
import { useLogout } from "../api/session.ts";
import { errorText } from "../components/feedback.tsx";
import { useMessages } from "../i18n/provider.tsx";

/** Logs out, or tells why not: the session then goes on. */
export function useLeave(): () => void {
  const t = useMessages();
  const { message } = App.useApp();
  const logout = useLogout();
  return () => logout.mutate(undefined, { onError: (error) => void message.error(errorText(error, t)) });
}
