import type { OperationRecord, TemplateRecord, VmRecord } from "../records.ts";

export function vmRecord(name: string, more: Partial<VmRecord> = {}): VmRecord {
  return {
    uid: `uid-${name}`,
    name,
    owner: "spec:shop",
    ownedSince: new Date(1000),
    config: { name, vcpu: 2, labels: { a: "b" } },
    applied: { name, vcpu: 2 },
    defaults: { vcpu: 1 },
    imageDigest: "sha256:00",
    diskIds: { root: "d1" },
    looseDisks: [],
    planHash: "sha256:11",
    gitCommit: "",
    revision: "v1:22",
    phase: "ready",
    isAwaited: false,
    createdAt: new Date(1000),
    appliedAt: new Date(2000),
    ...more,
  };
}

export function templateRecord(name: string, more: Partial<TemplateRecord> = {}): TemplateRecord {
  return {
    uid: `uid-${name}`,
    name,
    owner: "terraform:shop",
    ownedSince: new Date(1000),
    config: { name, image: "debian-12" },
    digest: "sha256:00",
    sizeBytes: 7,
    planHash: "sha256:11",
    gitCommit: "",
    phase: "ready",
    createdAt: new Date(1000),
    appliedAt: new Date(2000),
    ...more,
  };
}

export function operationRecord(id: string, more: Partial<OperationRecord> = {}): OperationRecord {
  return {
    id,
    stepId: "desk/vm/web",
    stepHash: "sha256:33",
    kind: "vm",
    action: "create",
    name: "web",
    uid: "uid-web",
    planHash: "sha256:11",
    owner: "spec:shop",
    state: "running",
    phase: "waiting",
    bytesDone: 0,
    bytesTotal: 0,
    diagnostics: [],
    noop: false,
    attempt: 1,
    createdAt: new Date(1000),
    ...more,
  };
}
