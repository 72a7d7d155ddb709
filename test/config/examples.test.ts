import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { parseAllDocuments } from 'yaml';
import { loadConfig } from '../../src/config/load.js';
import type { Settings } from '../../src/config/settings.js';
import { catalogue, eventsBase } from '../../src/set/profiles/wso2-catalogue.js';
import { checkQuery } from '../../src/transmitter/select.js';

const folder = fileURLToPath(new URL('../../config/examples/', import.meta.url));
const textOf = (name: string): string => readFileSync(join(folder, name), 'utf8');
const env = {
  WSO2_WEBHOOK_SECRET: '0123456789abcdef0123456789abcdef',
  CRM_WEBHOOK_SECRET: '0123456789abcdef',
  KEYCLOAK_EVENTS_SECRET: '0123456789abcdef',
  SIEM_TOKEN: 't',
};

interface Mount {
  readonly name: string;
  readonly mountPath: string;
  readonly readOnly?: boolean;
}

interface Container {
  readonly name: string;
  readonly command?: readonly string[];
  readonly env: readonly { readonly name: string; readonly value: string }[];
  readonly volumeMounts: readonly Mount[];
}

interface Manifest {
  readonly kind: string;
  readonly data?: Record<string, string>;
  readonly spec?: {
    readonly template: {
      readonly spec: {
        readonly containers: readonly Container[];
        readonly volumes: readonly { readonly name: string }[];
      };
    };
    readonly volumeClaimTemplates: readonly { readonly metadata: { readonly name: string } }[];
  };
}

describe('the examples in config/examples', () => {
  let place: string;
  beforeEach(() => {
    place = mkdtempSync(join(tmpdir(), 'setwire-examples-'));
  });
  afterEach(() => rmSync(place, { recursive: true }));

  function load(text: string): Settings {
    const file = join(place, 'setwire.yaml');
    writeFileSync(file, text);
    return loadConfig(file, { env, checkQuery });
  }

  it('are all tested here', () => {
    expect(readdirSync(folder)).to.have.members(['keycloak.yaml', 'kubernetes-sidecar.yaml', 'wso2.yaml']);
  });

  it('wso2.yaml loads, and registers every channel at the address that it takes them at', () => {
    const text = textOf('wso2.yaml');
    const { intake } = load(text);
    expect(intake?.listen).to.deep.equal({ host: '127.0.0.1', port: 9410 });
    expect(intake?.sources).to.have.lengthOf(1);
    expect(intake?.sources[0]).to.include({ type: 'wso2', path: '/wso2' });
    const [, registered = ''] = /<<EOF\n([\s\S]*?)#\s+EOF/.exec(text) ?? [];
    const request = JSON.parse(registered.replaceAll(/^#/gm, ''));
    expect(request.endpoint).to.equal('http://127.0.0.1:9410/wso2');
    const channels = new Set(Object.values(catalogue).map((path) => `${eventsBase}/${path.split('/')[0]}`));
    expect(request.channelsSubscribed).to.have.members([...channels]);
    expect(request.eventProfile).to.deep.equal({ name: 'WSO2', uri: eventsBase });
    expect(Object.keys(request)).to.have.members([
      'name',
      'endpoint',
      'secret',
      'eventProfile',
      'channelsSubscribed',
      'status',
    ]);
  });

  it('keycloak.yaml loads, by either way', () => {
    const text = textOf('keycloak.yaml');
    const file = '/var/log/keycloak/keycloak.log';
    expect(load(text).intake?.sources).to.deep.equal([{ type: 'keycloak-log', name: 'log', file, from: 'now' }]);
    expect(text).to.include(`--log-file=${file}`);
    const both = load(text.replaceAll(/^ {4}# /gm, '    '));
    expect(both.intake?.sources[1]).to.include({ type: 'keycloak', name: 'keycloak', path: '/keycloak' });
  });

  it('kubernetes-sidecar.yaml has a config that loads, and mounts what it names', () => {
    const documents = parseAllDocuments(textOf('kubernetes-sidecar.yaml'));
    expect(documents.flatMap(({ errors }) => errors)).to.deep.equal([]);
    const manifests = documents.map((document) => document.toJS() as Manifest | null).filter((one) => one !== null);
    const config = manifests.find(({ kind }) => kind === 'ConfigMap')?.data?.['setwire.yaml'] ?? '';
    writeFileSync(join(place, 'siem-token'), 't');
    const { dataDir, log, intake } = load(config.replace('/secrets/', ''));
    const spec = manifests.find(({ kind }) => kind === 'StatefulSet')?.spec;
    const [keycloak, setwire] = spec?.template.spec.containers ?? [];
    const isMounted = (path: string, container?: Container): Mount | undefined =>
      container?.volumeMounts.find(({ mountPath }) => path === mountPath || path.startsWith(`${mountPath}/`));

    const [source] = intake?.sources ?? [];
    const file = source?.type === 'keycloak-log' ? source.file : '';
    expect(keycloak?.env.find(({ name }) => name === 'KC_LOG_FILE')?.value).to.equal(file);
    expect(isMounted(file, setwire)).to.deep.equal({ ...isMounted(file, keycloak), readOnly: true });
    for (const path of [dataDir, log.file]) expect(isMounted(path, setwire)?.readOnly).to.equal(undefined);
    expect(isMounted('/secrets/siem-token', setwire)?.name).to.equal('secrets');
    expect(isMounted(setwire?.command?.at(-1) ?? '', setwire)?.name).to.equal('config');
    const volumes = [
      ...(spec?.template.spec.volumes ?? []),
      ...(spec?.volumeClaimTemplates ?? []).map(({ metadata }) => metadata),
    ];
    const mounted = [...(keycloak?.volumeMounts ?? []), ...(setwire?.volumeMounts ?? [])].map(({ name }) => name);
    expect([...new Set(mounted)]).to.have.members(volumes.map(({ name }) => name));
  });
});
