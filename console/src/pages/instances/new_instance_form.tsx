import { App, Form, Input, Modal } from "antd";
import { useNavigate } from "react-router";
import { ApiError } from "../../api/errors.ts";
import { type NewInstance, useCreateInstance } from "../../api/instances.ts";
import { errorText } from "../../components/feedback.tsx";
import { useMessages } from "../../i18n/provider.tsx";

/** Makes an instance and goes to its service management, where its secrets are. */
export function NewInstanceForm({ open, onClose }: { open: boolean; onClose: () => void }) {
  const t = useMessages();
  const { message } = App.useApp();
  const [form] = Form.useForm<NewInstance>();
  const create = useCreateInstance();
  const navigate = useNavigate();
  const workspaceId = Form.useWatch("workspaceId", form);
  const appId = Form.useWatch("appId", form);
  const submit = (values: NewInstance) =>
    create.mutate(values, {
      onSuccess: ({ instanceId }) => {
        void message.success(t.instances.created(instanceId));
        void navigate(`/i/${encodeURIComponent(instanceId)}/service`);
      },
      onError: (error) => {
        if (error instanceof ApiError && error.status < 500 && error.status !== 0) {
          const field = error.field === "workspaceId" || error.field === "name" ? error.field : "appId";
          form.setFields([{ name: field, errors: [errorText(error, t)] }]);
        } else void message.error(errorText(error, t));
      },
    });
  return (
    <Modal
      open={open}
      title={t.instances.new}
      okText={t.common.create}
      cancelText={t.common.cancel}
      confirmLoading={create.isPending}
      okButtonProps={{ htmlType: "submit", form: "new-instance" }}
      onCancel={onClose}
      destroyOnHidden
    >
      <Form<NewInstance> id="new-instance" form={form} layout="vertical" preserve={false} onFinish={submit}>
        <Form.Item
          name="name"
          label={t.instances.name}
          extra={t.instances.nameHint}
          rules={[{ required: true, whitespace: true }]}
        >
          <Input maxLength={100} autoFocus />
        </Form.Item>
        <Form.Item
          name="workspaceId"
          label={t.instances.workspaceId}
          extra={t.instances.workspaceHint}
          rules={[{ required: true }, { pattern: /^[A-Za-z0-9-]{1,48}$/, message: t.common.unfit }]}
        >
          <Input maxLength={48} placeholder="prod" />
        </Form.Item>
        <Form.Item
          name="appId"
          label={t.instances.appId}
          extra={t.instances.appHint}
          rules={[{ required: true }, { pattern: /^[A-Za-z0-9_-]{1,50}$/, message: t.common.unfit }]}
        >
          <Input maxLength={50} placeholder="320C94C171133" />
        </Form.Item>
        <p className="muted" aria-live="polite">
          {workspaceId && appId ? t.instances.willBe(`${workspaceId}_${appId}`) : "\u00a0"}
        </p>
      </Form>
    </Modal>
  );
}
