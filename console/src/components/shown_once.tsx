import { Alert, Button, Modal } from "antd";
import { useMessages } from "../i18n/provider.tsx";
import { Code } from "./code.tsx";

interface ShownOnceProps {
  title: string;
  hint: string;
  /** null: nothing to show. */
  text: string | null;
  onClose: () => void;
}

/** A secret that cannot be shown again: stays until the operator says that it is copied. */
export function ShownOnce({ title, hint, text, onClose }: ShownOnceProps) {
  const t = useMessages();
  return (
    <Modal
      open={text !== null}
      title={title}
      footer={<Button type="primary" onClick={onClose}>{t.service.done}</Button>}
      closable={false}
      keyboard={false}
      mask={{ closable: false }}
      destroyOnHidden
    >
      <div className="stack">
        <Alert type="warning" showIcon title={hint} />
        <div className="secret">
          <Code text={text ?? ""} copy />
        </div>
      </div>
    </Modal>
  );
}
