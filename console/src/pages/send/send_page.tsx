import { Alert, Card } from "antd";
import { useState } from "react";
import { type Config, useConfig } from "../../api/configs.ts";
import type { PushAnswer, PushBody } from "../../api/pushes.ts";
import { useCurrentInstance } from "../../app/instance_scope.tsx";
import { roleFor } from "../../app/permissions.ts";
import { useCan } from "../../app/session_gate.tsx";
import { useUrlState } from "../../app/url_state.ts";
import { ForbiddenState } from "../../components/feedback.tsx";
import { BizSelect } from "../../components/filters.tsx";
import "../../components/form.css";
import { Page } from "../../components/page.tsx";
import { QueryView } from "../../components/query_view.tsx";
import { useMessages } from "../../i18n/provider.tsx";
import { Answer } from "./answer.tsx";
import "./send.css";
import { SendForm } from "./send_form.tsx";
import { useEarlierPush } from "./use_earlier_push.ts";

/** One push that was sent from here, and what was answered; by then another config may be chosen. */
interface Sent {
  config: Config;
  body: PushBody;
  answer: PushAnswer;
}

/** Send data (CON-3); with an earlier push in the address, the same again as a new push. */
export function Component() {
  const t = useMessages();
  const { instanceId } = useCurrentInstance();
  const { get, set } = useUrlState();
  const bizType = get("biz");
  const config = useConfig(instanceId, bizType);
  const earlier = useEarlierPush(instanceId);
  const [sent, setSent] = useState<Sent | null>(null);
  const allowed = useCan("sendData");
  if (!allowed) return <ForbiddenState hint={t.states.forbiddenHint(t.shell.roles[roleFor("sendData")])} />;
  const choose = (next: string) => {
    setSent(null);
    set({ biz: next, again: null, owner: null });
  };
  return (
    <Page title={earlier ? t.send.resendTitle : t.send.title} hint={t.send.hint} bare>
      <div className="send">
        <Card>
          <div className="form">
            <label className="field-label" htmlFor="send-biz">{t.send.bizType}</label>
            <BizSelect id="send-biz" instanceId={instanceId} value={bizType} onChange={choose} block />
          </div>
          {bizType !== "" && (
            <QueryView query={config}>
              {(found) => (
                <div className="send-form">
                  {found.status === "offline" && (
                    <Alert className="form-alert" type="warning" showIcon title={t.send.offlineBiz} />
                  )}
                  {earlier === undefined
                    ? (
                      <SendForm
                        key={bizType}
                        config={found}
                        onAnswer={(body, answer) => setSent({ config: found, body, answer })}
                      />
                    )
                    : (
                      <QueryView query={earlier}>
                        {(push) => (
                          <SendForm
                            key={`${push.bizType} ${push.id}`}
                            config={found}
                            again={push}
                            onAnswer={(body, answer) => setSent({ config: found, body, answer })}
                          />
                        )}
                      </QueryView>
                    )}
                </div>
              )}
            </QueryView>
          )}
        </Card>
        {sent && <Answer {...sent} />}
      </div>
    </Page>
  );
}
