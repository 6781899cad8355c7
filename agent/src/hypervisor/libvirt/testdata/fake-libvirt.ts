import { constants, LibvirtError } from "@ghost/libvirt";
import type { Calls, Caller, DomainEvent, DomainEventKind, DomainEventOf, EventSource } from "@ghost/libvirt";
import type { DomainConfig } from "../../driver.ts";
import { fromDomainXml } from "../domain-xml/from-domain-xml.ts";
import { toDomainXml } from "../domain-xml/to-domain-xml.ts";

export interface FakeDomain {
  readonly config: DomainConfig;
  /** Of a machine that runs or is paused. */
  id?: number;
  /** libvirt's numbers; 1 is running, 5 off. */
  state?: readonly [state: number, reason: number];
  live?: DomainConfig;
  statistics?: Readonly<Record<string, number>>;
  autostart?: boolean;
  /** Of its disks by name, where they are somewhere in particular. */
  paths?: Readonly<Record<string, string>>;
  isTransient?: boolean;
  isSaved?: boolean;
  /** What asking for its XML throws. */
  failure?: unknown;
}

type Answers = { readonly [K in keyof Calls]?: (args: Calls[K]["args"]) => Calls[K]["ret"] | Promise<Calls[K]["ret"]> };

/** A libvirt of a few answers: domains by uuid, and whatever else a test gives. */
export class FakeLibvirt implements Caller, EventSource {
  readonly domains = new Map<string, FakeDomain>();
  /** The names of the calls so far, without their common beginning. */
  readonly asked: string[] = [];
  readonly #more: Answers;
  readonly #listeners = new Set<(event: DomainEvent) => void>();

  constructor(more: Answers = {}) {
    this.#more = more;
  }

  async call<K extends keyof Calls>(name: K, args: Calls[K]["args"]): Promise<Calls[K]["ret"]> {
    this.asked.push(name.replace(/^(REMOTE|QEMU)_PROC_(CONNECT_|DOMAIN_)?/, ""));
    const answer = this.#more[name] ?? this.#own[name];
    if (answer === undefined) throw serverError("VIR_ERR_NO_SUPPORT", `${name} is not pretended.`);
    return await answer(args as never);
  }

  openStream(): never {
    throw new Error("There are no streams here.");
  }

  async subscribe<K extends DomainEventKind>(
    _kinds: readonly K[],
    listener: (event: DomainEventOf<K>) => void,
  ): Promise<() => Promise<void>> {
    const own = listener as (event: DomainEvent) => void;
    this.#listeners.add(own);
    return async () => void this.#listeners.delete(own);
  }

  tell(event: DomainEvent): void {
    for (const listener of this.#listeners) listener(event);
  }

  readonly #own: Answers = {
    REMOTE_PROC_CONNECT_GET_ALL_DOMAIN_STATS: ({ doms }) => {
      const wanted = new Set(doms.map(({ uuid }) => textOf(uuid)));
      const found = [...this.domains].filter(([uid]) => wanted.size === 0 || wanted.has(uid));
      return {
        retStats: found.map(([uid, domain]) => {
          const [state, reason] = domain.state ?? (domain.id === undefined ? [5, 0] : [1, 1]);
          const numbers = { "state.state": state, "state.reason": reason, ...domain.statistics };
          return {
            dom: headOf(uid, domain),
            params: Object.entries(numbers).map(([field, value]) => ({
              field,
              value: { type: constants.virTypedParameterType.VIR_TYPED_PARAM_ULLONG, ul: BigInt(value) },
            })),
          };
        }),
      } as Calls["REMOTE_PROC_CONNECT_GET_ALL_DOMAIN_STATS"]["ret"];
    },
    REMOTE_PROC_CONNECT_LIST_ALL_DOMAINS: ({ flags }) => {
      const {
        VIR_CONNECT_LIST_DOMAINS_ACTIVE,
        VIR_CONNECT_LIST_DOMAINS_AUTOSTART,
        VIR_CONNECT_LIST_DOMAINS_TRANSIENT,
        VIR_CONNECT_LIST_DOMAINS_MANAGEDSAVE,
      } = constants.virConnectListAllDomainsFlags;
      const domains = [...this.domains]
        .filter(([, { id }]) => id !== undefined || flags !== VIR_CONNECT_LIST_DOMAINS_ACTIVE)
        .filter(([, { autostart }]) => autostart === true || flags !== VIR_CONNECT_LIST_DOMAINS_AUTOSTART)
        .filter(([, { isTransient }]) => isTransient === true || flags !== VIR_CONNECT_LIST_DOMAINS_TRANSIENT)
        .filter(([, { isSaved }]) => isSaved === true || flags !== VIR_CONNECT_LIST_DOMAINS_MANAGEDSAVE);
      return { domains: domains.map(([uid, domain]) => headOf(uid, domain)), ret: domains.length };
    },
    REMOTE_PROC_DOMAIN_LOOKUP_BY_NAME: ({ name }) => {
      const found = [...this.domains].find(([, { config }]) => config.name === name);
      if (found === undefined) throw serverError("VIR_ERR_NO_DOMAIN", "Domain not found");
      return { dom: headOf(...found) };
    },
    REMOTE_PROC_DOMAIN_IS_PERSISTENT: ({ dom }) => ({ persistent: this.#require(dom.uuid).isTransient === true ? 0 : 1 }),
    REMOTE_PROC_DOMAIN_GET_AUTOSTART: ({ dom }) => ({ autostart: this.#require(dom.uuid).autostart === true ? 1 : 0 }),
    REMOTE_PROC_DOMAIN_HAS_MANAGED_SAVE_IMAGE: ({ dom }) => ({ result: this.#require(dom.uuid).isSaved === true ? 1 : 0 }),
    REMOTE_PROC_DOMAIN_SET_AUTOSTART: ({ dom, autostart }) => void (this.#require(dom.uuid).autostart = autostart !== 0),
    REMOTE_PROC_DOMAIN_DEFINE_XML_FLAGS: ({ xml }) => {
      const { uid, config } = fromDomainXml(xml, { sizeGbOf: () => 0, autostart: false, autoType: "qemu" });
      const domain = { ...this.domains.get(uid), config };
      this.domains.set(uid, domain);
      return { dom: headOf(uid, domain) };
    },
    REMOTE_PROC_DOMAIN_GET_XML_DESC: ({ dom, flags }) => {
      const uid = textOf(dom.uuid);
      const domain = this.#require(dom.uuid);
      if (domain.failure !== undefined) throw domain.failure;
      const isStored = (flags & constants.virDomainXMLFlags.VIR_DOMAIN_XML_INACTIVE) !== 0;
      return { xml: xmlOf(uid, isStored ? domain.config : (domain.live ?? domain.config), domain.paths) };
    },
  };

  #require(uuid: Uint8Array): FakeDomain {
    const domain = this.domains.get(textOf(uuid));
    if (domain === undefined) throw serverError("VIR_ERR_NO_DOMAIN", "Domain not found");
    return domain;
  }
}

export function serverError(code: keyof typeof constants.virErrorNumber, message: string): LibvirtError {
  return new LibvirtError({
    source: "server",
    message,
    code: constants.virErrorNumber[code],
    domain: constants.virErrorDomain.VIR_FROM_QEMU,
  });
}

export const FAKE_CONFIG: DomainConfig = {
  name: "web",
  vcpu: 1,
  vcpuMax: 2,
  ramGb: 1,
  ramMaxGb: 4,
  firmware: "bios",
  machine: "q35",
  accel: "auto",
  autostart: false,
  disks: {},
  nics: { default: { mac: "52:54:00:00:00:01", network: "lab" } },
};

function xmlOf(uid: string, config: DomainConfig, paths: FakeDomain["paths"]): string {
  const disks = Object.fromEntries(Object.keys(config.disks).map((name) => [name, { path: paths?.[name] ?? `/nowhere/${name}` }]));
  return toDomainXml(uid, config, { disks, consoleLog: "/nowhere/log", metadata: "note", type: "qemu" });
}

function headOf(uid: string, { config, id }: FakeDomain): { name: string; uuid: Uint8Array; id: number } {
  return { name: config.name, uuid: Buffer.from(uid.replaceAll("-", ""), "hex"), id: id ?? -1 };
}

function textOf(uuid: Uint8Array): string {
  return Buffer.from(uuid)
    .toString("hex")
    .replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}
