import type { Role } from "../../../db/operators.ts";

/** Who may call a route: everybody, whoever is logged in, or a role and those above it. */
export type Access = "anyone" | "self" | Role;

/**
 * The one table of who may do what (CON-1): viewers read, operators change configs, send data and kick, admins do the
 * rest. A route that is not in it is refused, and a test walks all routes, roles and logins.
 */
export const ACCESS: Readonly<Record<string, Access>> = {
  "POST /api/session": "anyone",
  "GET /api/session": "self",
  "DELETE /api/session": "self",
  "POST /api/session/password": "self",

  "GET /api/operators": "admin",
  "POST /api/operators": "admin",
  "GET /api/operators/records": "admin",
  "PATCH /api/operators/:id": "admin",
  "POST /api/operators/:id/password": "admin",

  "GET /api/instances": "viewer",
  "POST /api/instances": "admin",
  "GET /api/instances/:instanceId": "viewer",
  "PATCH /api/instances/:instanceId": "admin",
  "POST /api/instances/:instanceId/secrets": "admin",
  "DELETE /api/instances/:instanceId/secrets/:id": "admin",
  "POST /api/instances/:instanceId/epoch": "admin",
  "POST /api/instances/:instanceId/validation-trial": "admin",
  "GET /api/instances/:instanceId/meta.config": "viewer",

  "GET /api/instances/:instanceId/configs": "viewer",
  "POST /api/instances/:instanceId/configs": "operator",
  "GET /api/instances/:instanceId/configs/:bizType": "viewer",
  "PATCH /api/instances/:instanceId/configs/:bizType": "operator",
  "DELETE /api/instances/:instanceId/configs/:bizType": "operator",
  "POST /api/instances/:instanceId/configs/:bizType/online": "operator",
  "POST /api/instances/:instanceId/configs/:bizType/offline": "operator",

  "GET /api/instances/:instanceId/pushes": "viewer",
  "POST /api/instances/:instanceId/pushes": "operator",
  "GET /api/instances/:instanceId/configs/:bizType/pushes/:id": "viewer",
  "GET /api/instances/:instanceId/deadletters": "viewer",

  "GET /api/instances/:instanceId/users/:userId": "viewer",
  "GET /api/instances/:instanceId/devices/:deviceId": "viewer",
  "POST /api/instances/:instanceId/users/:userId/kick": "operator",
  "POST /api/instances/:instanceId/devices/:deviceId/kick": "operator",

  "GET /api/instances/:instanceId/records": "viewer",
  "GET /api/instances/:instanceId/stats": "viewer",
  "GET /api/instances/:instanceId/overview": "viewer",
};
