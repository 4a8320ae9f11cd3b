import { Alert, App, Button, Card, Flex, Modal } from "antd";
import { useState } from "react";
import { type Instance, useChangeInstance } from "../../api/instances.ts";
import { errorText } from "../../components/feedback.tsx";
import { StatusTag } from "../../components/status_tag.tsx";
import { useMessages } from "../../i18n/provider.tsx";

/** One switch for every signature check of the instance (SIG-1); asks first, since callers depend on it. */
export function SignatureSwitch({ instance, canEdit }: { instance: Instance; canEdit: boolean }) {
  const t = useMessages();
  const { message } = App.useApp();
  const change = useChangeInstance(instance.instanceId);
  const on = instance.signature;
  // The question stays what it was while the dialog closes, when the switch has already changed.
  const [question, setQuestion] = useState({ open: false, wanted: !on });
  const { open, wanted } = question;
  const close = () => setQuestion({ open: false, wanted });
  const label = (turnOn: boolean) => turnOn ? t.service.signatureOn : t.service.signatureOff;
  const noSecret = !instance.secrets.some((secret) => secret.kind === "server");
  const confirm = () =>
    void change.mutateAsync({ signature: wanted }).then(
      () => {
        close();
        void message.success(wanted ? t.service.signatureIsOn : t.service.signatureIsOff);
      },
      (error) => void message.error(errorText(error, t)),
    );
  return (
    <Card title={t.service.signature} id="signature">
      <Flex justify="space-between" align="center" gap={16} wrap>
        <div className="card-words">
          <StatusTag tone={on ? "good" : "warn"}>{on ? t.service.signatureIsOn : t.service.signatureIsOff}</StatusTag>
          <p className="muted card-hint">{on ? t.service.signatureOnHint : t.service.signatureOffHint}</p>
        </div>
        {canEdit && <Button danger={on} onClick={() => setQuestion({ open: true, wanted: !on })}>{label(!on)}</Button>}
      </Flex>
      <Modal
        open={open}
        title={label(wanted)}
        okText={label(wanted)}
        okButtonProps={{ danger: !wanted }}
        cancelText={t.common.cancel}
        confirmLoading={change.isPending}
        onOk={confirm}
        onCancel={close}
        destroyOnHidden
      >
        <div className="stack">
          <p>{wanted ? t.service.signatureOnConfirm : t.service.signatureOffConfirm}</p>
          {wanted && noSecret && <Alert type="warning" showIcon title={t.service.signatureOnNoSecret} />}
        </div>
      </Modal>
    </Card>
  );
}
