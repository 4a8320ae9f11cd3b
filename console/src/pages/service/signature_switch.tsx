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
  const [asking, setAsking] = useState(false);
  const on = instance.signature;
  const label = on ? t.service.signatureOff : t.service.signatureOn;
  const noSecret = !instance.secrets.some((secret) => secret.kind === "server");
  const confirm = () =>
    change.mutate({ signature: !on }, {
      onSuccess: () => {
        setAsking(false);
        void message.success(on ? t.service.signatureIsOff : t.service.signatureIsOn);
      },
      onError: (error) => void message.error(errorText(error, t)),
    });
  return (
    <Card title={t.service.signature} id="signature">
      <Flex justify="space-between" align="center" gap={16} wrap>
        <div className="card-words">
          <StatusTag tone={on ? "good" : "warn"}>{on ? t.service.signatureIsOn : t.service.signatureIsOff}</StatusTag>
          <p className="muted card-hint">{on ? t.service.signatureOnHint : t.service.signatureOffHint}</p>
        </div>
        {canEdit && <Button danger={on} onClick={() => setAsking(true)}>{label}</Button>}
      </Flex>
      <Modal
        open={asking}
        title={label}
        okText={label}
        okButtonProps={{ danger: on }}
        cancelText={t.common.cancel}
        confirmLoading={change.isPending}
        onOk={confirm}
        onCancel={() => setAsking(false)}
        destroyOnHidden
      >
        <div className="stack">
          <p>{on ? t.service.signatureOffConfirm : t.service.signatureOnConfirm}</p>
          {!on && noSecret && <Alert type="warning" showIcon title={t.service.signatureOnNoSecret} />}
        </div>
      </Modal>
    </Card>
  );
}
