"""Speaks agentpb.AgentService with Python's gRPC, from messages that protoc made of agent.proto.

Usage: client.py ADDRESS FOLDER_OF_agent_pb2. Prints one JSON object per call: {"call", "code", "reply"}.
"""
import json
import sys

import grpc
from google.protobuf.json_format import MessageToDict

address, generated = sys.argv[1], sys.argv[2]
sys.path.insert(0, generated)
import agent_pb2 as pb  # noqa: E402

channel = grpc.insecure_channel(address)


def call(method, request, reply_type):
    stub = channel.unary_unary(
        f"/agentpb.AgentService/{method}",
        request_serializer=type(request).SerializeToString,
        response_deserializer=reply_type.FromString,
    )
    try:
        reply = stub(request, timeout=60)
        shown = MessageToDict(reply, preserving_proto_field_name=True, including_default_value_fields=True)
        print(json.dumps({"call": method, "code": "OK", "reply": shown}))
        return reply
    except grpc.RpcError as error:
        print(json.dumps({"call": method, "code": error.code().name, "reply": {"details": error.details()}}))
        return None


def create(**fields):
    return call("CreateVM", pb.CreateVMRequest(**fields), pb.CreateVMResponse)


def status(vm_id):
    return call("GetVMStatus", pb.GetVMStatusRequest(vm_id=vm_id), pb.GetVMStatusResponse)


def start(vm_id):
    return call("StartVM", pb.StartVMRequest(vm_id=vm_id), pb.StartVMResponse)


def stop(vm_id, force=False):
    return call("StopVM", pb.StopVMRequest(vm_id=vm_id, force=force), pb.StopVMResponse)


def delete(vm_id):
    return call("DeleteVM", pb.DeleteVMRequest(vm_id=vm_id), pb.DeleteVMResponse)


def list_vms():
    return call("ListVMs", pb.ListVMsRequest(), pb.ListVMsResponse)


sizes = dict(vcpu=2, ram_gb=4, disk_gb=50)
made = create(name="my-vm", template="ubuntu-22.04", metadata={"key": "value"}, **sizes)
create(name="my-vm", template="ubuntu-22.04", **sizes)  # ALREADY_EXISTS
create(name="x", template="ubuntu-22.04", **sizes)  # INVALID_ARGUMENT: name
create(name="too-wide", template="ubuntu-22.04", vcpu=33, ram_gb=4, disk_gb=50)  # INVALID_ARGUMENT: vcpu
create(name="no-image", template="windows-95", **sizes)  # INVALID_ARGUMENT: template
create(name="too-big", template="debian-12", vcpu=1, ram_gb=128, disk_gb=1000)  # RESOURCE_EXHAUSTED
create(name="by-default", **sizes)  # OK: default_template
list_vms()
status(made.vm_id)
status("my-vm")
start(made.vm_id)  # FAILED_PRECONDITION
stop(made.vm_id)
stop(made.vm_id)  # FAILED_PRECONDITION
status(made.vm_id)
start("my-vm")
stop("my-vm", force=True)
delete(made.vm_id)
delete(made.vm_id)  # NOT_FOUND
start("nobody")  # NOT_FOUND
stop("nobody")  # NOT_FOUND
status("nobody")  # NOT_FOUND
delete("by-default")
list_vms()
