import type { Config, ConfigChange, NewConfig } from "../../api/configs.ts";
import type { Messages } from "../../i18n/messages.ts";

/** What the form holds: CFG-1, with the threshold cut into its mode and its number. */
export interface ConfigValues {
  bizType: string;
  description: string;
  scope: Config["scope"];
  target: Config["target"];
  multiDevice: boolean;
  persistent: boolean;
  retentionDays: number;
  resend: "all" | "threshold";
  threshold: number;
  consistency: boolean;
}

export const NEW_CONFIG: ConfigValues = {
  bizType: "",
  description: "",
  scope: "single",
  target: "user",
  multiDevice: true,
  persistent: true,
  retentionDays: 30,
  resend: "all",
  threshold: 10,
  consistency: false,
};

type Choices = Pick<ConfigValues, "scope" | "target" | "persistent">;

/** Which fields mean something together (CFG-2). */
export function fieldsFor({ scope, target, persistent }: Choices) {
  const stored = scope === "global" || persistent;
  return {
    multiDevice: scope === "single" && target === "user",
    persistent: scope === "single",
    retention: stored,
    resend: stored,
    consistency: target === "user",
  };
}

/** Why the fields that are not asked for are not. */
export function hiddenReasons(choices: Choices, t: Messages): string[] {
  const shown = fieldsFor(choices);
  const reasons = t.configs.hidden;
  return [
    !shown.multiDevice && (choices.scope === "global" ? reasons.multiDeviceGlobal : reasons.multiDeviceDevice),
    !shown.persistent && reasons.persistentGlobal,
    !shown.retention && reasons.retentionNotPersistent,
    !shown.resend && reasons.resendNotPersistent,
    !shown.consistency && reasons.consistencyDevice,
  ].filter((reason) => reason !== false);
}

/** The part that can change later (CFG-3). */
export function changeOf(values: ConfigValues): ConfigChange {
  const shown = fieldsFor(values);
  return {
    description: values.description.trim(),
    persistent: shown.persistent ? values.persistent : true,
    retentionDays: values.retentionDays,
    threshold: shown.resend && values.resend === "threshold" ? values.threshold : null,
    consistency: shown.consistency && values.consistency,
  };
}

/** Only what was changed in the form: what somebody else changed meanwhile stays, unless it means nothing any more. */
export function differenceOf(before: ConfigValues, after: ConfigValues): ConfigChange {
  const was = new Map(Object.entries(changeOf(before)));
  const changed = Object.entries(changeOf(after)).filter(([name, value]) => value !== was.get(name));
  return { ...(!after.persistent && { threshold: null }), ...Object.fromEntries(changed) };
}

export function newConfigOf(values: ConfigValues): NewConfig {
  const { bizType, scope, target } = values;
  const multiDevice = fieldsFor(values).multiDevice ? values.multiDevice : true;
  return { ...changeOf(values), bizType, scope, target, multiDevice, description: values.description.trim() };
}

export function valuesOf(config: Config): ConfigValues {
  return {
    ...config,
    resend: config.threshold === null ? "all" : "threshold",
    threshold: config.threshold ?? NEW_CONFIG.threshold,
  };
}
