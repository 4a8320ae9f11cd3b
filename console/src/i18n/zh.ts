import type { Messages } from "./messages.ts";
import { common } from "./zh/common.ts";
import { configs } from "./zh/configs.ts";
import { deadLetters, filters, instances, operators, records } from "./zh/lists.ts";
import { login } from "./zh/login.ts";
import { overview } from "./zh/overview.ts";
import { send } from "./zh/send.ts";
import { service } from "./zh/service.ts";
import { shell } from "./zh/shell.ts";
import { states } from "./zh/states.ts";
import { status } from "./zh/status.ts";

export const zh: Messages = {
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
