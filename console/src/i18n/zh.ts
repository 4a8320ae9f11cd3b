import type { Messages } from "./messages.ts";
import { common } from "./zh/common.ts";
import { login } from "./zh/login.ts";
import { shell } from "./zh/shell.ts";
import { states } from "./zh/states.ts";

export const zh: Messages = { common, login, shell, states };
