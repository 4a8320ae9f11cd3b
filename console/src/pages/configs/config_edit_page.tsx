import { App } from "antd";
import { useState } from "react";
import { useNavigate, useParams } from "react-router";
import { type Config, useChangeConfig, useConfig } from "../../api/configs.ts";
import { useCurrentInstance } from "../../app/instance_scope.tsx";
import { roleFor } from "../../app/permissions.ts";
import { useCan } from "../../app/session_gate.tsx";
import { errorText, ForbiddenState } from "../../components/feedback.tsx";
import { Page } from "../../components/page.tsx";
import { QueryView } from "../../components/query_view.tsx";
import { useMessages } from "../../i18n/provider.tsx";
import { ConfigForm } from "./config_form.tsx";
import { refusalOf } from "./config_new_page.tsx";
import { differenceOf, valuesOf } from "./config_rules.ts";

export function Component() {
  const t = useMessages();
  const { bizType = "" } = useParams();
  const { instanceId } = useCurrentInstance();
  const config = useConfig(instanceId, bizType);
  if (!useCan("editConfigs")) {
    return <ForbiddenState hint={t.states.forbiddenHint(t.shell.roles[roleFor("editConfigs")])} />;
  }
  return (
    <Page
      title={t.configs.editTitle(bizType)}
      back={{ to: `/i/${encodeURIComponent(instanceId)}/configs/${encodeURIComponent(bizType)}`, label: bizType }}
    >
      <QueryView query={config}>
        {(found) => <Edit key={found.bizType} instanceId={instanceId} config={found} />}
      </QueryView>
    </Page>
  );
}

function Edit({ instanceId, config }: { instanceId: string; config: Config }) {
  const t = useMessages();
  const { message } = App.useApp();
  const change = useChangeConfig(instanceId, config.bizType);
  const navigate = useNavigate();
  const [initial] = useState(() => valuesOf(config));
  const back = () => void navigate("..", { relative: "path" });
  return (
    <ConfigForm
      existing
      initial={initial}
      busy={change.isPending}
      error={refusalOf(change.error, (error) => errorText(error, t))}
      onCancel={back}
      onSubmit={(values) =>
        change.mutate(differenceOf(initial, values), {
          onSuccess: () => {
            void message.success(t.common.saved);
            back();
          },
        })}
    />
  );
}
