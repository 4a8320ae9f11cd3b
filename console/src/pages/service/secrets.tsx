import { App, Button, Card, Flex, Popconfirm, Tooltip } from "antd";
import { useState } from "react";
import { type Instance, type Secret, type ShownSecret, useNewSecret, useRevokeSecret } from "../../api/instances.ts";
import { Code } from "../../components/code.tsx";
import { errorText } from "../../components/feedback.tsx";
import { PlusOutlined } from "../../components/icons.tsx";
import { ShownOnce } from "../../components/shown_once.tsx";
import { Time } from "../../components/time.tsx";
import { useMessages } from "../../i18n/provider.tsx";

const KINDS = ["server", "app"] as const satisfies readonly Secret["kind"][];
const MOST_OF_A_KIND = 2;

/** The secrets of both kinds; a new one is shown once (INS-2). */
export function Secrets({ instance, canEdit }: { instance: Instance; canEdit: boolean }) {
  const t = useMessages();
  const [made, setMade] = useState<ShownSecret | null>(null);
  return (
    <Card title={t.service.secrets}>
      <p className="muted card-hint-first">{t.service.secretsHint}</p>
      <div className="columns">
        {KINDS.map((kind) => (
          <SecretKind key={kind} kind={kind} instance={instance} canEdit={canEdit} onMade={setMade} />
        ))}
      </div>
      <ShownOnce
        title={`${t.service.shownTitle}: ${made ? t.service.kinds[made.kind] : ""}`}
        hint={t.service.shownOnce}
        text={made?.secret ?? null}
        onClose={() =>
          setMade(null)}
      />
    </Card>
  );
}

interface SecretKindProps {
  kind: Secret["kind"];
  instance: Instance;
  canEdit: boolean;
  onMade: (secret: ShownSecret) => void;
}

function SecretKind({ kind, instance, canEdit, onMade }: SecretKindProps) {
  const t = useMessages();
  const { message } = App.useApp();
  const create = useNewSecret(instance.instanceId);
  const secrets = instance.secrets.filter((secret) => secret.kind === kind);
  const full = secrets.length >= MOST_OF_A_KIND;
  const make = () => void create.mutateAsync(kind).then(onMade, (error) => void message.error(errorText(error, t)));
  return (
    <section aria-label={t.service.kinds[kind]}>
      <Flex justify="space-between" align="flex-start" gap={8}>
        <div>
          <h2 className="sub-title">{t.service.kinds[kind]}</h2>
          <p className="muted small">{t.service.kindHelp[kind]}</p>
        </div>
        {canEdit && (
          <Tooltip title={full ? t.service.newSecretFull : ""}>
            <Button
              size="small"
              icon={<PlusOutlined />}
              disabled={full}
              loading={create.isPending}
              aria-label={`${t.service.newSecret}: ${t.service.kinds[kind]}`}
              onClick={make}
            >
              {t.service.newSecret}
            </Button>
          </Tooltip>
        )}
      </Flex>
      {secrets.length === 0 ? <p className="muted secret-none">{t.service.noSecret}</p> : (
        <ul className="secret-list">
          {secrets.map((secret) => (
            <li key={secret.id}>
              <div>
                <Code text={secret.id} />
                <div className="muted small">
                  <Time at={secret.createdAt} />
                </div>
              </div>
              {canEdit && <Revoke instanceId={instance.instanceId} secret={secret} />}
            </li>
          ))}
        </ul>
      )}
    </section>
  );
}

function Revoke({ instanceId, secret }: { instanceId: string; secret: Secret }) {
  const t = useMessages();
  const { message } = App.useApp();
  const revoke = useRevokeSecret(instanceId);
  return (
    <Popconfirm
      title={t.service.revokeTitle}
      description={<div className="popconfirm-text">{t.service.revokeEffect}</div>}
      okText={t.service.revoke}
      cancelText={t.common.cancel}
      onConfirm={() =>
        revoke.mutateAsync(secret.id).then(
          () => void message.success(t.service.revoked),
          (error) => void message.error(errorText(error, t)),
        )}
    >
      <Button size="small" danger loading={revoke.isPending} aria-label={`${t.service.revoke}: ${secret.id}`}>
        {t.service.revoke}
      </Button>
    </Popconfirm>
  );
}
