import { z } from "@hono/zod-openapi";
import { ROLES } from "../../../db/operators.ts";
import { choice, flag, page, text, Time } from "./schemas.ts";

export const Role = choice(ROLES);

const PASSWORD_RULE = "must be a text of 12 to 200 characters";
const NewPassword = z.string({ error: PASSWORD_RULE }).min(12, PASSWORD_RULE).max(200, PASSWORD_RULE);
// What is typed at login is only bounded, not judged: an older rule may have allowed it.
const GivenPassword = z.string({ error: "must be a text" }).max(1000, "must be at most 1000 characters");

export const Login = z.object({ login: text(50), password: GivenPassword }).openapi("Login");
export const PasswordChange = z.object({ current: GivenPassword, next: NewPassword }).openapi("PasswordChange");

export const Me = z.object({
  login: z.string(),
  role: Role,
  mustChangePassword: z.boolean().openapi({ description: "Nothing else is allowed until it is changed" }),
  by: choice(["session", "token"]),
}).openapi("Me");

export const Operator = z.object({
  id: z.number().int(),
  login: z.string(),
  role: Role,
  disabled: z.boolean(),
  mustChangePassword: z.boolean(),
  createdAt: Time,
  lastLoginAt: Time.nullable(),
}).openapi("Operator");
export const OperatorPage = page(Operator, "OperatorPage");

const LOGIN_RULE = "must be 2 to 50 of a-z A-Z 0-9 . _ - @";
export const NewOperator = z.object({
  login: z.string({ error: LOGIN_RULE }).regex(/^[A-Za-z0-9._@-]{2,50}$/, LOGIN_RULE)
    .refine((login) => login.toLowerCase() !== "token", "must not be `token`: the records call the bearer token so"),
  role: Role,
}).openapi("NewOperator");

export const OperatorPatch = z.object({ role: Role.optional(), disabled: flag.optional() }).openapi("OperatorPatch");
export const OperatorParam = z.object({
  id: z.coerce.number({ error: "must be a number" }).int().openapi({ type: "integer" }),
});

export const OneTimePassword = z.object({
  operator: Operator,
  password: z.string().openapi({
    description: "For the first login only, where another must be chosen; shown this once",
  }),
}).openapi("OneTimePassword");
