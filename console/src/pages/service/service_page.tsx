import { Card, Descriptions } from "antd";
import { useCurrentInstance } from "../../app/instance_scope.tsx";
import { useCan } from "../../app/session_gate.tsx";
import { Code } from "../../components/code.tsx";
import { Page } from "../../components/page.tsx";
import { Time } from "../../components/time.tsx";
import { useMessages } from "../../i18n/provider.tsx";
import { EpochJump } from "./epoch_jump.tsx";
import { InstanceName } from "./instance_name.tsx";
import { MetaConfig } from "./meta_config.tsx";
import { Secrets } from "./secrets.tsx";
import "./service.css";
import { SignatureSwitch } from "./signature_switch.tsx";
import { Validation } from "./validation.tsx";

/** Service management: all that belongs to the instance itself. Viewers and operators read, admins change. */
export function Component() {
  const t = useMessages();
  const instance = useCurrentInstance();
  const canEdit = useCan("editService");
  return (
    <Page
      title={t.service.title}
      hint={canEdit ? undefined : t.states.forbiddenAction(t.shell.roles.admin)}
      bare
    >
      <div className="stack">
        <Card title={t.service.basics}>
          <Descriptions
            colon={false}
            column={{ xs: 1, md: 2 }}
            items={[
              { key: "name", label: t.service.name, children: <InstanceName instance={instance} canEdit={canEdit} /> },
              { key: "id", label: t.service.instanceId, children: <Code text={instance.instanceId} copy /> },
              { key: "workspace", label: t.service.workspaceId, children: <Code text={instance.workspaceId} /> },
              { key: "app", label: t.service.appId, children: <Code text={instance.appId} /> },
              {
                key: "epoch",
                label: <span title={t.service.epochHint}>{t.service.epoch}</span>,
                children: <Code text={instance.epoch} copy />,
              },
              { key: "created", label: t.service.createdAt, children: <Time at={instance.createdAt} /> },
            ]}
          />
        </Card>
        <SignatureSwitch instance={instance} canEdit={canEdit} />
        <Secrets instance={instance} canEdit={canEdit} />
        <Validation key={instance.sessionValidateUrl ?? ""} instance={instance} canEdit={canEdit} />
        <MetaConfig instanceId={instance.instanceId} />
        {canEdit && <EpochJump instanceId={instance.instanceId} />}
      </div>
    </Page>
  );
}
