import { createRoute, z } from "@hono/zod-openapi";
import type { Instance } from "../../../db/catalog.ts";
import type { Actor } from "../../../db/records.ts";
import type { AdminDeps, SessionInfo, SessionOwner } from "./deps.ts";
import { actorOf, instanceOf, newRoutes } from "./env.ts";
import { InstanceParam, json, refusals, text } from "./schemas.ts";
import { DeviceStatus, Kicked, UserStatus } from "./status_schemas.ts";

const tags = ["Users and devices"];
const UserParam = InstanceParam.extend({ userId: text(100) });
const DeviceParam = InstanceParam.extend({ deviceId: text(100) });
const IdQuery = z.object({
  id: text(100).optional().openapi({
    description: "In place of the one in the path, which can be neither `.` nor `..`: these are taken for steps in it",
  }),
});

const userRoute = createRoute({
  method: "get",
  path: "/api/instances/{instanceId}/users/{userId}",
  tags,
  summary: "Is this user connected, from where, and what came of the pushes for it (CON-4)",
  request: { params: UserParam, query: IdQuery },
  responses: { 200: json(UserStatus, "The user's status"), ...refusals },
});
const deviceRoute = createRoute({
  method: "get",
  path: "/api/instances/{instanceId}/devices/{deviceId}",
  tags,
  summary: "Is this device connected, from where, and what came of the pushes for it (CON-4)",
  request: { params: DeviceParam, query: IdQuery },
  responses: { 200: json(DeviceStatus, "The device's status"), ...refusals },
});
const kickUserRoute = createRoute({
  method: "post",
  path: "/api/instances/{instanceId}/users/{userId}/kick",
  tags,
  summary: "Close the user's sessions with 4403",
  request: { params: UserParam, query: IdQuery },
  responses: { 200: json(Kicked, "How many were closed"), ...refusals },
});
const kickDeviceRoute = createRoute({
  method: "post",
  path: "/api/instances/{instanceId}/devices/{deviceId}/kick",
  tags,
  summary: "Close the device's session with 4403",
  request: { params: DeviceParam, query: IdQuery },
  responses: { 200: json(Kicked, "How many were closed"), ...refusals },
});

/** The routes of users and devices. */
export function statusRoutes(deps: AdminDeps) {
  return newRoutes()
    .openapi(userRoute, async (c) => {
      const { instanceId, userId: inPath } = c.req.valid("param");
      const { id: userId = inPath } = c.req.valid("query");
      return c.json({ userId, ...await statusOf(deps, instanceOf(deps, instanceId), { userId }) }, 200);
    })
    .openapi(deviceRoute, async (c) => {
      const { instanceId, deviceId: inPath } = c.req.valid("param");
      const { id: deviceId = inPath } = c.req.valid("query");
      return c.json({ deviceId, ...await statusOf(deps, instanceOf(deps, instanceId), { deviceId }) }, 200);
    })
    .openapi(kickUserRoute, async (c) => {
      const { instanceId, userId: inPath } = c.req.valid("param");
      const { id: userId = inPath } = c.req.valid("query");
      const closed = await kick(deps, actorOf(c, deps), instanceOf(deps, instanceId), { userId });
      return c.json({ closed }, 200);
    })
    .openapi(kickDeviceRoute, async (c) => {
      const { instanceId, deviceId: inPath } = c.req.valid("param");
      const { id: deviceId = inPath } = c.req.valid("query");
      const closed = await kick(deps, actorOf(c, deps), instanceOf(deps, instanceId), { deviceId });
      return c.json({ closed }, 200);
    });
}

async function statusOf(
  deps: AdminDeps,
  instance: Instance,
  owner: SessionOwner,
): Promise<Omit<z.infer<typeof UserStatus>, "userId">> {
  const now = deps.clock.now();
  const key = "userId" in owner
    ? { target: "user" as const, owner: owner.userId }
    : { target: "device" as const, owner: owner.deviceId };
  const [sessions, counts] = await Promise.all([
    allSessions(deps, instance.no, owner, now),
    deps.pushStates.counts({ instanceNo: instance.no, ...key, now }),
  ]);
  return { online: sessions.length > 0, sessions, pushes30d: counts.pushes, arrivals30d: counts.arrivals };
}

/** This process's sessions from memory, the other nodes' from their table; a device has one session (DEV-3). */
async function allSessions(
  deps: AdminDeps,
  instanceNo: number,
  owner: SessionOwner,
  now: number,
): Promise<SessionInfo[]> {
  const rows = await deps.sessionRows.of(instanceNo, owner, now);
  const byDevice = new Map<string, SessionInfo>();
  for (const { node, ...session } of rows) {
    if (node !== deps.live.nodeId) byDevice.set(session.deviceId, session);
  }
  for (const session of deps.live.sessions(instanceNo, owner)) byDevice.set(session.deviceId, session);
  return [...byDevice.values()].sort((a, b) => b.connectedAt - a.connectedAt);
}

/** Recorded before it is done, so that no kick goes without a record. */
async function kick(deps: AdminDeps, actor: Actor, instance: Instance, owner: SessionOwner): Promise<number> {
  const object = "userId" in owner ? `user ${owner.userId}` : `device ${owner.deviceId}`;
  await deps.records.write(actor, {
    instanceNo: instance.no,
    action: "kick",
    object,
    before: null,
    after: { ...owner },
  });
  return await deps.live.kick(instance.no, owner);
}
