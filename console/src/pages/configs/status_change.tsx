import { App, Button, Modal } from "antd";
import { useState } from "react";
import { type Config, useSetConfigStatus } from "../../api/configs.ts";
import { useCurrentInstance } from "../../app/instance_scope.tsx";
import { errorText } from "../../components/feedback.tsx";
import "../../components/form.css";
import { useMessages } from "../../i18n/provider.tsx";

/** The emergency stop and its end; asks first, and says what stops (CFG-4). */
export function StatusChange({ config, size }: { config: Config; size?: "small" }) {
  const t = useMessages();
  const { message } = App.useApp();
  const { instanceId } = useCurrentInstance();
  const change = useSetConfigStatus(instanceId, config.bizType);
  const [asking, setAsking] = useState(false);
  const stop = config.status === "online";
  const label = stop ? t.configs.goOffline : t.configs.goOnline;
  const confirm = () =>
    change.mutate(stop ? "offline" : "online", {
      onSuccess: () => {
        setAsking(false);
        void message.success(stop ? t.configs.offlineDone(config.bizType) : t.configs.onlineDone(config.bizType));
      },
      onError: (error) => void message.error(errorText(error, t)),
    });
  return (
    <>
      <Button
        danger={stop}
        {...(size && { size })}
        aria-label={`${label}: ${config.bizType}`}
        onClick={() => setAsking(true)}
      >
        {label}
      </Button>
      <Modal
        open={asking}
        title={stop ? t.configs.offlineTitle(config.bizType) : t.configs.onlineTitle(config.bizType)}
        okText={label}
        okButtonProps={{ danger: stop }}
        cancelText={t.common.cancel}
        confirmLoading={change.isPending}
        onOk={confirm}
        onCancel={() => setAsking(false)}
        destroyOnHidden
      >
        {stop ? <WhatStops /> : <p>{t.configs.onlineEffect}</p>}
      </Modal>
    </>
  );
}

function WhatStops() {
  const t = useMessages();
  return (
    <>
      <p>{t.configs.offlineStops}</p>
      <ul className="bullets">{t.configs.offlineList.map((line) => <li key={line}>{line}</li>)}</ul>
      <p>{t.configs.offlineResume}</p>
    </>
  );
}
