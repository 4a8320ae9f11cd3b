import { Descriptions } from "antd";
import type { Config } from "../../api/configs.ts";
import { Code } from "../../components/code.tsx";
import { StatusTag } from "../../components/status_tag.tsx";
import { Time } from "../../components/time.tsx";
import { useMessages } from "../../i18n/provider.tsx";
import { fieldsFor } from "./config_rules.ts";

export function ConfigStatusTag({ status }: { status: Config["status"] }) {
  const t = useMessages();
  return <StatusTag tone={status === "online" ? "good" : "idle"}>{t.configs.statuses[status]}</StatusTag>;
}

/** All of one config, in the words that operators know; what means nothing for it is left out. */
export function ConfigFacts({ config }: { config: Config }) {
  const t = useMessages();
  const shown = fieldsFor(config);
  const onOff = (on: boolean) => (on ? t.common.on : t.common.off);
  const items = [
    { key: "bizType", label: t.configs.bizType, children: <Code text={config.bizType} copy /> },
    { key: "status", label: t.configs.status, children: <ConfigStatusTag status={config.status} /> },
    { key: "description", label: t.configs.description, children: config.description, span: "filled" as const },
    { key: "scope", label: t.configs.scope, children: t.configs.scopes[config.scope] },
    { key: "target", label: t.configs.target, children: t.configs.targets[config.target] },
    shown.multiDevice && { key: "multi", label: t.configs.multiDevice, children: onOff(config.multiDevice) },
    { key: "persistent", label: t.configs.persistent, children: onOff(config.persistent) },
    shown.retention && { key: "days", label: t.configs.retentionDays, children: t.common.days(config.retentionDays) },
    shown.resend && {
      key: "resend",
      label: t.configs.resend,
      children: t.configs.resendModes[config.threshold === null ? "all" : "threshold"],
    },
    config.threshold !== null && { key: "threshold", label: t.configs.threshold, children: config.threshold },
    shown.consistency && { key: "consistency", label: t.configs.consistency, children: onOff(config.consistency) },
    { key: "created", label: t.configs.createdAt, children: <Time at={config.createdAt} /> },
    { key: "updated", label: t.configs.updatedAt, children: <Time at={config.updatedAt} /> },
  ].filter((item) => item !== false);
  return <Descriptions bordered size="middle" column={{ xs: 1, md: 2 }} items={items} />;
}
