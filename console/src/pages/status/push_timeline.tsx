import type { ReactNode } from "react";
import type { Delivery, PushDetail } from "../../api/pushes.ts";
import { duration } from "../../app/time.ts";
import type { Tone } from "../../components/status_tag.tsx";
import { Time } from "../../components/time.tsx";
import type { Messages } from "../../i18n/messages.ts";
import { useMessages } from "../../i18n/provider.tsx";

interface Event {
  key: string;
  at: number | null;
  tone: Tone;
  title: string;
  hint?: ReactNode;
}

/** What happened to a push, in the order in which it happened; what is still to come stands last, without a time. */
export function PushTimeline({ push }: { push: PushDetail }) {
  const t = useMessages();
  return (
    <ol className="timeline" aria-label={t.status.detailTitle}>
      {eventsOf(push, t).map((event) => (
        <li key={event.key} className={`timeline-${event.tone}`}>
          <div className="timeline-title">{event.title}</div>
          {event.at !== null && (
            <div className="muted">
              <Time at={event.at} />
            </div>
          )}
          {event.hint && <div className="muted small">{event.hint}</div>}
        </li>
      ))}
    </ol>
  );
}

function eventsOf(push: PushDetail, t: Messages): Event[] {
  const words = t.status.timeline;
  const events: Event[] = [
    { key: "accepted", at: push.createdAt, tone: "busy", title: words.accepted, hint: words.acceptedHint },
    ...push.deliveries.map((delivery) => deliveryEvent(delivery, t)),
  ];
  if (push.arrivedAt !== null) {
    events.push({
      key: "arrived",
      at: push.arrivedAt,
      tone: "good",
      title: words.arrived(push.deviceId ?? ""),
      hint: words.arrivedAfter(duration(push.arrivedAt - push.createdAt)),
    });
  }
  if (push.state === "expired") {
    events.push({ key: "expired", at: push.validUntil, tone: "idle", title: words.expired });
  }
  if (push.state === "pending") {
    events.push({ key: "waiting", at: null, tone: "idle", title: words.waiting, hint: t.status.stateHelp.pending });
  }
  return events.sort((a, b) => (a.at ?? Infinity) - (b.at ?? Infinity));
}

function deliveryEvent(delivery: Delivery, t: Messages): Event {
  const words = t.status.timeline;
  const device = delivery.deviceId ?? delivery.subject;
  const base = { key: `${delivery.state} ${delivery.subject} ${delivery.deviceId ?? ""}`, at: delivery.at };
  switch (delivery.state) {
    case "sent":
      return {
        ...base,
        tone: "busy",
        title: words.sentTo(device),
        hint: words.attempts(delivery.attempts),
      };
    case "owed":
      return { ...base, tone: "warn", title: words.owedTo(device), hint: words.owedHint };
    case "discarded":
      return {
        ...base,
        tone: "bad",
        title: device ? words.discardedFor(device) : words.discardedForAll,
        hint: words.attempts(delivery.attempts),
      };
    case "threshold":
      return { ...base, tone: "warn", title: words.thresholdDropped };
  }
}
