"""An application that uses AWS' X-Ray SDK for Python, for xray-clients.test.ts. It prints the ids of
the traces that were sampled, and the name of the rule of the last one."""

import json
import sys
import time

from aws_xray_sdk.core import xray_recorder

xray_recorder.configure(service="python-client", context_missing="LOG_ERROR")

traces = []
rule = ""


def serve(number):
    global rule
    segment = xray_recorder.begin_segment("python-client")
    if segment.sampled:
        segment.put_annotation("number", number)
        segment.put_metadata("text", 'ü"\\\n\u2028')
        subsegment = xray_recorder.begin_subsegment("inner")
        if number % 5 == 2:
            subsegment.add_exception(ValueError("broken"), [])
        xray_recorder.end_subsegment()
        traces.append(segment.trace_id)
        rule = (segment.aws or {}).get("xray", {}).get("sampling_rule_name") or rule
    xray_recorder.end_segment()


for attempt in range(100):
    serve(attempt)
    if rule == sys.argv[1]:
        break
    time.sleep(0.1)
for number in range(20):
    serve(number)
time.sleep(0.5)
print(json.dumps({"traces": traces, "rule": rule}))
