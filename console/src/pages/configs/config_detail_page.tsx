import { Alert, Card } from "antd";
import { Link, useParams } from "react-router";
import { useConfig } from "../../api/configs.ts";
import { useCurrentInstance } from "../../app/instance_scope.tsx";
import { useCan } from "../../app/session_gate.tsx";
import "../../components/form.css";
import { LinkButton } from "../../components/link_button.tsx";
import { Page } from "../../components/page.tsx";
import { QueryView } from "../../components/query_view.tsx";
import { useMessages } from "../../i18n/provider.tsx";
import { ConfigFacts } from "./config_facts.tsx";
import { DeleteConfig } from "./delete_config.tsx";
import { StatusChange } from "./status_change.tsx";

export function Component() {
  const t = useMessages();
  const { bizType = "" } = useParams();
  const { instanceId, sessionValidateUrl } = useCurrentInstance();
  const config = useConfig(instanceId, bizType);
  const canEdit = useCan("editConfigs");
  const canSend = useCan("sendData");
  const base = `/i/${encodeURIComponent(instanceId)}`;
  const biz = encodeURIComponent(bizType);
  return (
    <QueryView query={config}>
      {(found) => (
        <Page
          title={found.bizType}
          hint={found.description}
          back={{ to: `${base}/configs`, label: t.configs.title }}
          bare
          extra={
            <>
              <LinkButton to={`${base}/overview?biz=${biz}`}>{t.configs.viewPushes}</LinkButton>
              {canSend && <LinkButton to={`${base}/send?biz=${biz}`}>{t.configs.sendTo}</LinkButton>}
              {canEdit && <LinkButton to="edit">{t.common.edit}</LinkButton>}
              {canEdit && <StatusChange config={found} />}
              {canEdit && <DeleteConfig config={found} />}
            </>
          }
        >
          {found.consistency && sessionValidateUrl === null && (
            <Alert
              className="form-alert"
              type="warning"
              showIcon
              title={t.configs.consistencyNoUrl}
              action={<Link to={`${base}/service`}>{t.configs.consistencyNoUrlLink}</Link>}
            />
          )}
          <Card>
            <ConfigFacts config={found} />
          </Card>
        </Page>
      )}
    </QueryView>
  );
}
