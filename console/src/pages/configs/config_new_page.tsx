import { App } from "antd";
import { useNavigate } from "react-router";
import { useCreateConfig } from "../../api/configs.ts";
import { ApiError } from "../../api/errors.ts";
import { useCurrentInstance } from "../../app/instance_scope.tsx";
import { roleFor } from "../../app/permissions.ts";
import { useCan } from "../../app/session_gate.tsx";
import { errorText, ForbiddenState } from "../../components/feedback.tsx";
import { Page } from "../../components/page.tsx";
import { useMessages } from "../../i18n/provider.tsx";
import { ConfigForm } from "./config_form.tsx";
import { NEW_CONFIG, newConfigOf } from "./config_rules.ts";

export function Component() {
  const t = useMessages();
  const { message } = App.useApp();
  const { instanceId } = useCurrentInstance();
  const create = useCreateConfig(instanceId);
  const navigate = useNavigate();
  if (!useCan("editConfigs")) {
    return <ForbiddenState hint={t.states.forbiddenHint(t.shell.roles[roleFor("editConfigs")])} />;
  }
  return (
    <Page
      title={t.configs.newTitle}
      back={{ to: `/i/${encodeURIComponent(instanceId)}/configs`, label: t.configs.title }}
    >
      <ConfigForm
        initial={NEW_CONFIG}
        busy={create.isPending}
        error={refusalOf(create.error, (error) => errorText(error, t))}
        onCancel={() => void navigate("..", { relative: "path" })}
        onSubmit={(values) =>
          create.mutate(newConfigOf(values), {
            onSuccess: ({ bizType }) => {
              void message.success(t.configs.created(bizType));
              void navigate(`../${encodeURIComponent(bizType)}`, { relative: "path", replace: true });
            },
          })}
      />
    </Page>
  );
}

/** A refusal for the form: at its field where the server names one. */
export function refusalOf(error: unknown, text: (error: unknown) => string) {
  if (!error) return undefined;
  if (!(error instanceof ApiError)) return { text: text(error) };
  const field = error.code === "CONFIG_EXISTS" ? "bizType" : error.field;
  return { text: text(error), ...(field !== undefined && { field }) };
}
