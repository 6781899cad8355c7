export { compareImpact, exceedsImpact, IMPACT_MEANING, IMPACTS, isImpact, lowestImpact, worstImpact } from "./impact.ts";
export type { Impact } from "./impact.ts";
export { bytesToGib, gibToBytes, gibToKib, kibToGib } from "./units.ts";
export type { Attribute, AttributeMode, Attributes, ResourceType, SecretVersion, Unit, ValueOf } from "./resource.ts";
export { NAME_DOC, NAME_PATTERN, vm } from "./resources/vm.ts";
export type { VmComputed, VmSpec } from "./resources/vm.ts";
export { template } from "./resources/template.ts";
export type { TemplateSpec } from "./resources/template.ts";
export { agent } from "./resources/agent.ts";
export { AGENT_TEMPLATE_CONFIG_ATTRIBUTES, agentTemplate } from "./resources/agent-template.ts";
export type { AgentTemplateConfig, AgentTemplateSpec } from "./resources/agent-template.ts";
export type { AgentSettings, AgentSpec } from "./resources/agent.ts";
export { hostAttributes, imageAttributes } from "./resources/host.ts";
export { agentConfig } from "./agent-config.ts";
export type { AgentConfigFile } from "./agent-config.ts";
export { codes, GhostError, isDiagnosticCode, problem } from "./diagnostic.ts";
export type { Diagnostic, DiagnosticCode, Diagnostics, GrpcCode, SourceLocation } from "./diagnostic.ts";
export { VM_CONFIG_ATTRIBUTES } from "./vm-config.ts";
export type { VmConfig } from "./vm-config.ts";
export { MISSING_DOMAIN, SAVED_DOMAIN } from "./observed.ts";
export type {
  Capabilities,
  Observation,
  HostNetworks,
  ObservedHost,
  ObservedImage,
  ObservedTemplate,
  ObservedVm,
  Operation,
  OperationState,
  Resources,
  SetAgent,
  SetMember,
  SetRecord,
  SetVersion,
  TemplatePhase,
  VmPhase,
  VmSnapshot,
  VmStatus,
} from "./observed.ts";
export { PLAN_FORMAT_VERSION } from "./plan.ts";
export type {
  Change,
  ChangeCause,
  Json,
  PlanAgent,
  PlanDocument,
  PlanHeader,
  PlanSetCopy,
  PlanStep,
  PlanSummary,
  PlanTls,
  PlanUnknown,
  StepAction,
  StepBody,
  StepKind,
  StepProof,
} from "./plan.ts";
export {
  EXPRESSION_PATTERN,
  secretAttributes,
  SPEC_VERSION,
  specAttributes,
  VARIABLE_NAME_DOC,
  VARIABLE_NAME_PATTERN,
  VARIABLE_TYPES,
  variableAttributes,
} from "./spec.ts";
export type { VariableType } from "./spec.ts";
export { describeAttribute, describeType, findDefault } from "./faces/describe.ts";
export { PROVIDER_ADDRESS, PROVIDER_HOST, PROVIDER_NAME, PROVIDER_NAMESPACE, PROVIDER_SOURCE } from "./provider-source.ts";
