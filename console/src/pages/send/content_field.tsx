import { Flex, Form, type FormInstance, Input, Segmented } from "antd";
import { StatusTag } from "../../components/status_tag.tsx";
import { useMessages } from "../../i18n/provider.tsx";
import { contentProblem, LONGEST_CONTENT, type SendValues } from "./send_rules.ts";

/** What is pushed: text or base64, counted as the API counts it. */
export function ContentField({ form }: { form: FormInstance<SendValues> }) {
  const t = useMessages();
  const content: string = Form.useWatch("content", form) ?? "";
  const binary: boolean = Form.useWatch("binary", { form, preserve: true }) ?? false;
  return (
    <>
      <Form.Item
        name="content"
        label={t.send.content}
        dependencies={["binary"]}
        validateFirst
        rules={[
          { required: true },
          ({ getFieldValue }) => ({
            validator(_, value: string) {
              const problem = contentProblem(value ?? "", getFieldValue("binary") === true, t);
              return problem === undefined ? Promise.resolve() : Promise.reject(new Error(problem));
            },
          }),
        ]}
      >
        <Input.TextArea className="code" rows={7} spellCheck={false} />
      </Form.Item>
      <Flex className="content-foot" gap={12} align="center" wrap>
        <Form.Item name="binary" noStyle>
          <Segmented
            size="small"
            aria-label={t.send.contentKind}
            options={[{ value: false, label: t.send.contentText }, { value: true, label: t.send.contentBinary }]}
          />
        </Form.Item>
        {!binary && isJson(content) && <StatusTag tone="good">{t.send.contentJson}</StatusTag>}
        <span className={content.length > LONGEST_CONTENT ? "count count-over" : "count muted"}>
          {t.send.contentCount(content.length, LONGEST_CONTENT)}
        </span>
      </Flex>
    </>
  );
}

/** Whether a text is a JSON object or list: what most apps push. */
function isJson(text: string): boolean {
  if (!/^\s*[[{]/.test(text)) return false;
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
