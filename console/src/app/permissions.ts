import type { Role } from "../api/session.ts";

/** What an operator can do here, and from which role on. The server decides; this only spares a vain click. */
const NEEDS = {
  view: "viewer",
  editConfigs: "operator",
  sendData: "operator",
  kick: "operator",
  tryValidation: "admin",
  editService: "admin",
  createInstances: "admin",
  manageOperators: "admin",
} as const satisfies Record<string, Role>;

export type Permission = keyof typeof NEEDS;

const RANK: Record<Role, number> = { viewer: 0, operator: 1, admin: 2 };

/** The lowest role that may do this. */
export function roleFor(permission: Permission): Role {
  return NEEDS[permission];
}

export function permits(role: Role, permission: Permission): boolean {
  return RANK[role] >= RANK[NEEDS[permission]];
}
