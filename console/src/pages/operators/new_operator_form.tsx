import { App, Form, Input, Modal, Radio } from "antd";
import { ApiError } from "../../api/errors.ts";
import { type OneTimePassword, useCreateOperator } from "../../api/operators.ts";
import type { Role } from "../../api/session.ts";
import { errorText } from "../../components/feedback.tsx";
import "../../components/form.css";
import { useMessages } from "../../i18n/provider.tsx";

interface NewOperator {
  login: string;
  role: Role;
}

interface NewOperatorFormProps {
  open: boolean;
  onClose: () => void;
  onMade: (made: OneTimePassword) => void;
}

export function NewOperatorForm({ open, onClose, onMade }: NewOperatorFormProps) {
  const t = useMessages();
  const { message } = App.useApp();
  const [form] = Form.useForm<NewOperator>();
  const create = useCreateOperator();
  const submit = (values: NewOperator) =>
    create.mutateAsync(values, { onSuccess: onClose }).then(
      onMade,
      (error) => {
        if (error instanceof ApiError && error.status >= 400 && error.status < 500) {
          form.setFields([{ name: "login", errors: [errorText(error, t)] }]);
        } else void message.error(errorText(error, t));
      },
    );
  return (
    <Modal
      open={open}
      title={t.operators.new}
      okText={t.common.create}
      cancelText={t.common.cancel}
      confirmLoading={create.isPending}
      okButtonProps={{ htmlType: "submit", form: "new-operator" }}
      onCancel={onClose}
      destroyOnHidden
    >
      <Form<NewOperator>
        id="new-operator"
        form={form}
        layout="vertical"
        preserve={false}
        initialValues={{ role: "viewer" }}
        onFinish={submit}
      >
        <Form.Item
          name="login"
          label={t.operators.login}
          extra={t.operators.loginHint}
          validateFirst
          rules={[{ required: true }, { pattern: /^[A-Za-z0-9._@-]{2,50}$/, message: t.common.unfit }]}
        >
          <Input autoComplete="off" maxLength={50} autoFocus />
        </Form.Item>
        <Form.Item name="role" label={t.operators.role}>
          <Radio.Group className="role-choice">
            {(Object.keys(t.shell.roles) as Role[]).map((role) => (
              <Radio key={role} value={role}>
                {t.shell.roles[role]} <span className="muted">{t.shell.roleHelp[role]}</span>
              </Radio>
            ))}
          </Radio.Group>
        </Form.Item>
      </Form>
    </Modal>
  );
}
