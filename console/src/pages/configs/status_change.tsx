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
  const online = config.status === "online";
  // The question stays what it was while the dialog closes, when the config has already changed.
  const [question, setQuestion] = useState({ open: false, stop: online });
  const { open, stop } = question;
  const close = () => setQuestion({ open: false, stop });
  const label = (stops: boolean) => stops ? t.configs.goOffline : t.configs.goOnline;
  const confirm = () =>
    void change.mutateAsync(stop ? "offline" : "online").then(
      () => {
        close();
        void message.success(stop ? t.configs.offlineDone(config.bizType) : t.configs.onlineDone(config.bizType));
      },
      (error) => void message.error(errorText(error, t)),
    );
  return (
    <>
      <Button
        danger={online}
        {...(size && { size })}
        aria-label={`${label(online)}: ${config.bizType}`}
        onClick={() => setQuestion({ open: true, stop: online })}
      >
        {label(online)}
      </Button>
      <Modal
        open={open}
        title={stop ? t.configs.offlineTitle(config.bizType) : t.configs.onlineTitle(config.bizType)}
        okText={label(stop)}
        okButtonProps={{ danger: stop }}
        cancelText={t.common.cancel}
        confirmLoading={change.isPending}
        onOk={confirm}
        onCancel={close}
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
