#!/usr/bin/env python3
"""Makes regexes.json.zst from the regexes.yaml of npm uap-core (see README.md).

Usage: pack.py regexes.yaml | zstd -19 --check -o regexes.json.zst
Needs PyYAML. Keeps what the families of browser and system and the sign of a robot need.
"""

import json
import sys

import yaml

with open(sys.argv[1], encoding="utf-8") as file:
    source = yaml.safe_load(file)


def keep(parsers, *keys):
    return [{key: parser[key] for key in keys if key in parser} for parser in parsers]


spiders = [
    parser
    for parser in source["device_parsers"]
    if parser.get("device_replacement") == "Spider"
]
json.dump(
    {
        "user_agent_parsers": keep(source["user_agent_parsers"], "regex", "family_replacement"),
        "os_parsers": keep(source["os_parsers"], "regex", "os_replacement"),
        "device_parsers": keep(spiders, "regex", "regex_flag", "device_replacement"),
    },
    sys.stdout,
    ensure_ascii=False,
    separators=(",", ":"),
)
