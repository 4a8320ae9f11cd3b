import { Alert, Button, Descriptions, Input } from "antd";
import { useState } from "react";
import { type Trial, useValidationTrial } from "../../api/instances.ts";
import { errorText } from "../../components/feedback.tsx";
import { StatusTag, type Tone } from "../../components/status_tag.tsx";
import { useMessages } from "../../i18n/provider.tsx";

const TONES: Record<Trial["verdict"], Tone> = { valid: "good", invalid: "bad", unknown: "warn" };

/** Asks the URL once and shows the raw answer beside how it is read (SES-3). */
export function ValidationTrial({ instanceId, url }: { instanceId: string; url: string }) {
  const t = useMessages();
  const trial = useValidationTrial(instanceId);
  const [userId, setUserId] = useState("");
  const [sessionId, setSessionId] = useState("");
  const ready = userId.trim() !== "" && sessionId.trim() !== "" && !trial.isPending;
  const run = () => trial.mutate({ url, userId: userId.trim(), sessionId: sessionId.trim() });
  return (
    <section className="trial" aria-label={t.service.trial}>
      <h2 className="sub-title">{t.service.trial}</h2>
      <p className="muted small">{t.service.trialHint}</p>
      <div className="trial-form">
        <Input
          aria-label={t.service.trialUser}
          placeholder={t.service.trialUser}
          value={userId}
          maxLength={100}
          onPressEnter={() => ready && run()}
          onChange={(event) => setUserId(event.target.value)}
        />
        <Input
          aria-label={t.service.trialSession}
          placeholder={t.service.trialSession}
          value={sessionId}
          maxLength={100}
          onPressEnter={() => ready && run()}
          onChange={(event) => setSessionId(event.target.value)}
        />
        <Button onClick={run} loading={trial.isPending} disabled={!userId.trim() || !sessionId.trim()}>
          {t.service.trialRun}
        </Button>
      </div>
      {trial.isError && <Alert type="error" showIcon role="alert" title={errorText(trial.error, t)} />}
      {trial.data && <TrialResult result={trial.data} />}
    </section>
  );
}

function TrialResult({ result }: { result: Trial }) {
  const t = useMessages();
  return (
    <div role="status" className="stack">
      <Descriptions
        bordered
        size="small"
        column={1}
        styles={{ label: { width: 150 } }}
        items={[
          {
            key: "verdict",
            label: t.service.trialVerdict,
            children: (
              <>
                <StatusTag tone={TONES[result.verdict]}>{t.status.verdicts[result.verdict]}</StatusTag>{" "}
                {t.service.verdictHelp[result.verdict]}
                <div className="muted small" lang="en">{result.detail}</div>
              </>
            ),
          },
          { key: "status", label: t.service.trialStatus, children: result.status ?? t.service.trialNone },
          { key: "took", label: t.service.trialDuration, children: `${Math.round(result.durationMs)} ms` },
        ]}
      />
      {result.raw !== null && (
        <div>
          <h2 className="sub-title">{t.service.trialRaw}</h2>
          <pre className="raw" tabIndex={0}>{result.raw}</pre>
        </div>
      )}
    </div>
  );
}
