import { App, Button, Flex, Popconfirm, Select } from "antd";
import { type OneTimePassword, type Operator, useChangeOperator, useResetPassword } from "../../api/operators.ts";
import type { Role } from "../../api/session.ts";
import { useOperator } from "../../app/session_gate.tsx";
import { errorText } from "../../components/feedback.tsx";
import { useMessages } from "../../i18n/provider.tsx";

/** The role, changed on the spot; one's own is changed by somebody else. */
export function RoleSelect({ operator }: { operator: Operator }) {
  const t = useMessages();
  const { message } = App.useApp();
  const me = useOperator();
  const change = useChangeOperator();
  if (operator.login === me.login) return t.shell.roles[operator.role];
  return (
    <Select<Role>
      aria-label={`${t.operators.role}: ${operator.login}`}
      size="small"
      style={{ width: 140 }}
      value={operator.role}
      loading={change.isPending}
      options={roleOptions(t.shell.roles)}
      onChange={(role) =>
        change.mutateAsync({ id: operator.id, role }).then(
          () => void message.success(t.operators.roleChanged),
          (error) => void message.error(errorText(error, t)),
        )}
    />
  );
}

export function roleOptions(labels: Record<Role, string>): { value: Role; label: string }[] {
  return (Object.keys(labels) as Role[]).map((value) => ({ value, label: labels[value] }));
}

interface OperatorActionsProps {
  operator: Operator;
  onPassword: (made: OneTimePassword) => void;
}

export function OperatorActions({ operator, onPassword }: OperatorActionsProps) {
  const t = useMessages();
  const { message } = App.useApp();
  const me = useOperator();
  const change = useChangeOperator();
  const reset = useResetPassword();
  const onError = (error: unknown) => void message.error(errorText(error, t));
  if (operator.login === me.login) return <span className="muted">–</span>;
  return (
    <Flex gap={8} justify="flex-end" className="row-actions">
      <Popconfirm
        title={t.operators.resetTitle(operator.login)}
        description={<div className="popconfirm-text">{t.operators.resetEffect}</div>}
        okText={t.operators.reset}
        cancelText={t.common.cancel}
        onConfirm={() => reset.mutateAsync(operator.id).then(onPassword, onError)}
      >
        <Button size="small" aria-label={`${t.operators.reset}: ${operator.login}`}>{t.operators.reset}</Button>
      </Popconfirm>
      {operator.disabled
        ? (
          <Button size="small" onClick={() => change.mutateAsync({ id: operator.id, disabled: false }).catch(onError)}>
            {t.operators.enable}
          </Button>
        )
        : (
          <Popconfirm
            title={t.operators.disableTitle(operator.login)}
            description={<div className="popconfirm-text">{t.operators.disableEffect}</div>}
            okText={t.operators.disable}
            cancelText={t.common.cancel}
            onConfirm={() => change.mutateAsync({ id: operator.id, disabled: true }).catch(onError)}
          >
            <Button size="small" danger aria-label={`${t.operators.disable}: ${operator.login}`}>
              {t.operators.disable}
            </Button>
          </Popconfirm>
        )}
    </Flex>
  );
}
