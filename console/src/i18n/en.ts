import { common } from "./en/common.ts";
import { login } from "./en/login.ts";
import { shell } from "./en/shell.ts";
import { states } from "./en/states.ts";

export const en = { common, login, shell, states };
