import { App, Button, Form, Input, Modal, Tooltip } from "antd";
import { useState } from "react";
import { useNavigate } from "react-router";
import { type Config, useDeleteConfig } from "../../api/configs.ts";
import { useCurrentInstance } from "../../app/instance_scope.tsx";
import { errorText } from "../../components/feedback.tsx";
import { useMessages } from "../../i18n/provider.tsx";

/** Deletes an offline config, after its name was typed (CFG-5). */
export function DeleteConfig({ config }: { config: Config }) {
  const t = useMessages();
  const { message } = App.useApp();
  const { instanceId } = useCurrentInstance();
  const remove = useDeleteConfig(instanceId, config.bizType);
  const navigate = useNavigate();
  const [asking, setAsking] = useState(false);
  const [typed, setTyped] = useState("");
  const online = config.status === "online";
  const confirm = () =>
    remove.mutate(undefined, {
      onSuccess: () => {
        void message.success(t.configs.deleted(config.bizType));
        void navigate("..", { relative: "path", replace: true });
      },
      onError: (error) => void message.error(errorText(error, t)),
    });
  return (
    <>
      <Tooltip title={online ? t.configs.deleteOnline : ""}>
        <Button danger disabled={online} onClick={() => setAsking(true)}>{t.common.delete}</Button>
      </Tooltip>
      <Modal
        open={asking}
        title={t.configs.deleteTitle(config.bizType)}
        okText={t.common.delete}
        okButtonProps={{ danger: true, disabled: typed !== config.bizType }}
        cancelText={t.common.cancel}
        confirmLoading={remove.isPending}
        onOk={confirm}
        onCancel={() => setAsking(false)}
        afterClose={() => setTyped("")}
        destroyOnHidden
      >
        <p>{t.configs.deleteEffect}</p>
        <Form layout="vertical">
          <Form.Item label={t.configs.deleteType(config.bizType)} htmlFor="delete-config">
            <Input
              id="delete-config"
              className="code"
              value={typed}
              autoComplete="off"
              onChange={(event) => setTyped(event.target.value)}
            />
          </Form.Item>
        </Form>
      </Modal>
    </>
  );
}
