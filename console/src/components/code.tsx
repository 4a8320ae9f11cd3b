import { Typography } from "antd";
import { useMessages } from "../i18n/provider.tsx";

/** An id or another machine's word: monospaced, and copied by one click. */
export function Code({ text, copy = false }: { text: string; copy?: boolean }) {
  const t = useMessages();
  return (
    <Typography.Text
      className="code"
      copyable={copy ? { text, tooltips: [`${t.common.copy}: ${text}`, t.common.copied] } : false}
    >
      {text}
    </Typography.Text>
  );
}
