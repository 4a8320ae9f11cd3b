import { App, Button, Card, Flex, Segmented } from "antd";
import { useState } from "react";
import { loadMetaConfig } from "../../api/instances.ts";
import { errorText } from "../../components/feedback.tsx";
import { DownloadOutlined } from "../../components/icons.tsx";
import { useMessages } from "../../i18n/provider.tsx";

const PLATFORMS = { ANDROID: "Android", IOS: "iOS", HARMONY: "Harmony", WEB: "Web" } as const;
type Platform = keyof typeof PLATFORMS;

/** The client config file, per platform (INS-3). */
export function MetaConfig({ instanceId }: { instanceId: string }) {
  const t = useMessages();
  const { message } = App.useApp();
  const [platform, setPlatform] = useState<Platform>("ANDROID");
  const download = () =>
    loadMetaConfig(instanceId, platform).then(
      (meta) => saveFile("meta.config", JSON.stringify(meta, null, 2)),
      (error: unknown) => void message.error(errorText(error, t)),
    );
  return (
    <Card title={t.service.meta}>
      <p className="muted card-hint-first">{t.service.metaHint}</p>
      <Flex gap={12} wrap align="center">
        <Segmented<Platform>
          aria-label={t.service.platform}
          value={platform}
          options={(Object.keys(PLATFORMS) as Platform[]).map((value) => ({ value, label: PLATFORMS[value] }))}
          onChange={setPlatform}
        />
        <Button icon={<DownloadOutlined />} onClick={() => void download()}>{t.service.metaDownload}</Button>
      </Flex>
    </Card>
  );
}

function saveFile(name: string, text: string): void {
  const url = URL.createObjectURL(new Blob([text], { type: "application/json" }));
  const link = document.createElement("a");
  link.href = url;
  link.download = name;
  link.click();
  URL.revokeObjectURL(url);
}
