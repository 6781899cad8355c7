import { problem } from "@ghost/schemas";
import { AgentServiceService } from "../../gen/agentpb/agent.ts";
import type {
  CreateVMRequest,
  CreateVMResponse,
  GetVMStatusResponse,
  StartVMResponse,
  StopVMResponse,
  VMInfo,
} from "../../gen/agentpb/agent.ts";
import { openChannel } from "./connection.ts";
import type { CallOptions } from "./channel.ts";
import type { HostConnection } from "./connection.ts";

export type NewVm = Pick<CreateVMRequest, "name" | "vcpu" | "ram_gb" | "disk_gb"> & Partial<Pick<CreateVMRequest, "template" | "metadata">>;
export type CreatedVm = Omit<CreateVMResponse, "error">;
export type VmPower = Omit<StartVMResponse, "error">;
export type VmReport = GetVMStatusResponse;
export type VmListEntry = VMInfo;

/** `agentpb.AgentService`, the VM service of the original Ghost Agent. Every call takes a VM's id or name. */
export interface VmClient extends AsyncDisposable {
  /** Waits until the VM is made and started, which may take minutes: give a timeout to match. */
  create(vm: NewVm, options?: CallOptions): Promise<CreatedVm>;
  delete(id: string, options?: CallOptions): Promise<void>;
  start(id: string, options?: CallOptions): Promise<VmPower>;
  /** Gracefully, unless forced. */
  stop(id: string, options?: { readonly force?: boolean } & CallOptions): Promise<VmPower>;
  status(id: string, options?: CallOptions): Promise<VmReport>;
  /** Every VM of the host, also those that Ghost did not make. */
  list(options?: CallOptions): Promise<readonly VmListEntry[]>;
  close(): void;
}

/** Does not connect yet. Throws what is wrong with the address or the certificates. */
export function connectVms(connection: HostConnection): VmClient {
  const channel = openChannel(connection);
  const service = AgentServiceService;

  return {
    async create({ template = "", metadata = {}, ...vm }, options) {
      const { error, ...created } = await channel.unary(service.createVm, { ...vm, template, metadata }, options);
      refuse(connection, error);
      return created;
    },
    async delete(id, options) {
      const { success, error } = await channel.unary(service.deleteVm, { vm_id: id }, options);
      refuse(connection, success ? error : error || `VM ${id} was not deleted`);
    },
    async start(id, options) {
      return power(connection, await channel.unary(service.startVm, { vm_id: id }, options));
    },
    async stop(id, { force = false, ...options } = {}) {
      return power(connection, await channel.unary(service.stopVm, { vm_id: id, force }, options));
    },
    status: (id, options) => channel.unary(service.getVmStatus, { vm_id: id }, options),
    async list(options) {
      return (await channel.unary(service.listVMs, {}, options)).vms;
    },
    close: () => channel.close(),
    [Symbol.asyncDispose]: () => channel[Symbol.asyncDispose](),
  };
}

function power(connection: HostConnection, { status, error }: StartVMResponse | StopVMResponse): VmPower {
  refuse(connection, error);
  return { status };
}

/** The service may also report an error inside a good answer. */
function refuse({ name }: HostConnection, error: string): void {
  if (error !== "") throw problem("HOST_ERROR", `Agent "${name}": ${error}.`, { agent: name });
}
