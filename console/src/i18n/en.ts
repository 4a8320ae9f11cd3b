import { common } from "./en/common.ts";
import { configs } from "./en/configs.ts";
import { deadLetters, filters, instances, operators, records } from "./en/lists.ts";
import { login } from "./en/login.ts";
import { overview } from "./en/overview.ts";
import { send } from "./en/send.ts";
import { service } from "./en/service.ts";
import { shell } from "./en/shell.ts";
import { states } from "./en/states.ts";
import { status } from "./en/status.ts";

export const en = {
  common,
  configs,
  deadLetters,
  filters,
  instances,
  login,
  operators,
  overview,
  records,
  send,
  service,
  shell,
  states,
  status,
};
