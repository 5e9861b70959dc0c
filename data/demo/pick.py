#!/usr/bin/env python3
"""Picks the networks of the made-up day from the unpacked geo data.

usage: pick.py CITY.mmdb ASN.mmdb > networks.csv

For every country it takes the carriers that reach most cities, weighs the cities by the addresses these carriers
have there, and takes cities one by one, each region counting less the more of its cities are in already. A network
is taken only where the whole of it (IPv4 /24, IPv6 /48) has one answer.
"""
import collections
import ipaddress
import sys

import maxminddb

# Networks of visitors by country; the first number is IPv4, the second IPv6.
VISITORS = {
    "DE": (44, 8), "ES": (38, 6), "US": (46, 8), "GB": (16, 4), "FR": (16, 4), "IT": (14, 2), "NL": (10, 2),
    "PL": (10, 2), "PT": (8, 2), "AT": (9, 2), "CH": (10, 2), "SE": (8, 2), "BE": (8, 2), "CZ": (8, 2), "IE": (6, 1),
    "DK": (6, 1), "NO": (6, 1), "FI": (6, 1), "RO": (7, 1), "GR": (6, 1), "HU": (6, 1), "TR": (8, 1), "BR": (12, 3),
    "MX": (9, 1), "AR": (7, 1), "CL": (6, 1), "CO": (6, 1), "CA": (10, 2), "AU": (9, 2), "NZ": (6, 1), "JP": (10, 2),
    "KR": (8, 1), "IN": (12, 3), "ID": (7, 1), "ZA": (7, 1), "UA": (6, 1),
}
# Where the made-up scans and password guesses come from.
SCANNERS = {"CN": 8, "RU": 6, "US": 4, "VN": 4, "BR": 3, "IR": 3, "IN": 3, "BG": 3, "HK": 3, "KR": 2, "SG": 2}
# Networks that crawlers of search engines are known to use.
CRAWLERS = ["66.249.66.0/24", "66.249.79.0/24", "40.77.167.0/24", "52.167.144.0/24"]
# In these two countries this carrier has this share of the visitors.
MAIN_CARRIER = {"DE": (3320, 0.52), "ES": (3352, 0.55)}
CARRIERS_MAX = 4
CITIES_TRIED = 400


def networks(city, asn):
    """All networks that are large enough, as (version, network, country, region, city, asn)."""
    wanted = set(VISITORS) | set(SCANNERS)
    for network, record in city:
        country = record.get("country", {}).get("iso_code")
        name = record.get("city", {}).get("names", {}).get("en")
        region = (record.get("subdivisions") or [{}])[0].get("iso_code")
        if country not in wanted or not name or not region or "," in name:
            continue
        version = network.version
        if version == 6 and int(network.network_address) >> 32 == 0:
            network = ipaddress.ip_network((int(network.network_address), network.prefixlen - 96))
            version = 4
        if network.prefixlen > {4: 24, 6: 48}[version]:
            continue
        holder = asn.get(str(network.network_address)) or {}
        yield version, network, country, f"{country}-{region}", name, holder.get("autonomous_system_number", 0)


def one_part(network, asn):
    """A /24 or /48 in the middle of the network that belongs to one holder."""
    length = {4: 24, 6: 48}[network.version]
    size = 1 << (network.max_prefixlen - length)
    n_parts = 1 << (length - network.prefixlen)
    part = ipaddress.ip_network((int(network.network_address) + n_parts // 2 * size, length))
    _, holder_length = asn.get_with_prefix_len(str(part.network_address))
    return part if holder_length <= length else None


def carriers_by_reach(rows):
    """The carriers of a country, those with most cities first."""
    cities = collections.defaultdict(set)
    for network, region, name, number in rows:
        if number:
            cities[number].add((region, name))
    return sorted(cities, key=lambda number: (-len(cities[number]), number))


def choose(rows, asn, n, carriers, main_carrier=None):
    """`n` networks in distinct cities as (weight, part, region, city, asn)."""
    sizes = collections.Counter()
    by_place = collections.defaultdict(lambda: collections.defaultdict(list))
    for network, region, name, number in rows:
        if number in carriers:
            sizes[region, name] += min(network.num_addresses >> (8 if network.version == 4 else 80), 1 << 12)
            by_place[region, name][number].append(network)
    weights = {place: size**0.5 for place, size in sizes.items()}
    places = sorted(weights, key=lambda place: (-weights[place], place))[:CITIES_TRIED]
    taken, n_in_region = [], collections.Counter()
    while len(taken) < n and places:
        place = max(places, key=lambda place: weights[place] / (1 + n_in_region[place[0]]) ** 0.7)
        places.remove(place)
        turn = len(taken) % len(carriers)
        order = carriers[turn:] + carriers[:turn]
        if main_carrier and len(taken) % 2 == 0:
            order = [main_carrier] + order
        options = (network for number in order for network in sorted(by_place[place].get(number, []))[-3:])
        part = next(filter(None, (one_part(network, asn) for network in options)), None)
        if part is None:
            continue
        number = (asn.get(str(part.network_address)) or {}).get("autonomous_system_number")
        if number not in carriers:
            continue
        taken.append([weights[place], part, *place, number])
        n_in_region[place[0]] += 1
    return taken


def scale(taken, total, main):
    """Makes the weights whole numbers that sum up to about `total`."""
    groups = [(lambda number: True, 1.0)]
    if main:
        carrier, share = main
        groups = [(lambda number: number == carrier, share), (lambda number: number != carrier, 1 - share)]
    for belongs, share in groups:
        rows = [row for row in taken if belongs(row[4])]
        sum_of_weights = sum(row[0] for row in rows)
        for row in rows:
            row[0] = max(1, round(row[0] / sum_of_weights * share * total))


def main():
    city, asn = (maxminddb.open_database(path) for path in sys.argv[1:3])
    rows = collections.defaultdict(list)
    for version, network, country, region, name, number in networks(city, asn):
        rows[version, country].append((network, region, name, number))
    print("prefix,country,region,city,asn,weight,role")

    def write(country, taken, role):
        for weight, part, region, name, number in sorted(taken, key=lambda row: (row[1].version, row[1])):
            print(part, country, region, name, number, weight, role, sep=",")

    for country, (n4, n6) in VISITORS.items():
        carrier = MAIN_CARRIER.get(country)
        number = carrier and carrier[0]
        carriers = carriers_by_reach(rows[4, country])
        taken4 = choose(rows[4, country], asn, n4, carriers[:CARRIERS_MAX], number)
        # In IPv6 relays reach most cities; the carriers that people have are those of IPv4.
        taken6 = choose(rows[6, country], asn, n6, carriers[: 3 * CARRIERS_MAX], number)
        scale(taken4, 900, carrier)
        if taken6:
            scale(taken6, 100, carrier if any(row[4] == number for row in taken6) else None)
        write(country, taken4 + taken6, "visitor")
        used = {row[1] for row in taken4}
        rows[4, country] = [row for row in rows[4, country] if not any(row[0].supernet_of(part) for part in used)]
    for country, n in SCANNERS.items():
        carriers = carriers_by_reach(rows[4, country])
        taken = choose(rows[4, country], asn, n, carriers[:CARRIERS_MAX])
        scale(taken, 100, None)
        write(country, taken, "scanner")
    for prefix in CRAWLERS:
        part = ipaddress.ip_network(prefix)
        record, _ = city.get_with_prefix_len(str(part.network_address))
        region = f"US-{record['subdivisions'][0]['iso_code']}"
        number = asn.get(str(part.network_address))["autonomous_system_number"]
        write("US", [(1, part, region, record["city"]["names"]["en"], number)], "crawler")


main()
