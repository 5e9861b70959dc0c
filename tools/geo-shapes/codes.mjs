// Hand-made tables that carry Natural Earth's older subdivision codes to today's ISO 3166-2.
// Every table is code -> code; what is not named here goes by the ISO parent chain or by name.

const pairs = (country, text) =>
  text.trim().split(/\s+/).map((pair) => pair.split("=").map((code) => `${country}-${code}`));

/** Retired or provisional leaf code -> current ISO 3166-2 code (leaf or top level). */
export const ALIASES = new Map([
  ...pairs("AU", "X02~=NSW X03~=TAS"),
  ...pairs("BA", "X01~=SRP X02~=SRP X03~=SRP X04~=SRP X05~=SRP X06~=SRP X07~=SRP"),
  ...pairs("BE", "VAN=VLG VBR=VLG VLI=VLG VOV=VLG VWV=VLG WBR=WAL WHT=WAL WLG=WAL WLX=WAL WNA=WAL"),
  // Abidjan and Yamoussoukro stay inside Lagunes and Lacs.
  ...pairs("CI", `10=DN 17=WR 06=MG 08=ZZ 05=CM 13=CM 03=SV 19=MG 09=BS 15=GD 01=LG 02=SM 16=LG 11=LC
    12=SM 18=GD 04=VB 07=LC 14=WR`),
  ...pairs("CZ", "US=42 LI=51 KA=41 PL=32 JC=31 KR=52 OL=71 PA=53 MO=80 JM=64 ZL=72 VY=63 ST=20 PR=10"),
  ...pairs("EE", "67=68 82=81 86=87 44=45 65=64 78=79 49=50 57=56 59=60 70=71 51=52"),
  ...pairs("FR", "75=IDF GP=971 MQ=972 GF=973 RE=974 YT=976"),
  ...pairs("GR", "A1=I"),
  ...pairs("GT", "QZ=09"),
  ...pairs("IN", "TG=TS OR=OD UT=UK CT=CG"),
  // Iran was renumbered in 2020 and codes were used again: this table holds for all of its codes.
  ...pairs("IR", `01=03 02=04 03=24 04=10 05=16 06=18 07=23 08=14 10=06 11=19 12=20 13=11 14=07 15=08 16=12 17=05
    18=17 19=01 20=15 21=02 22=00 23=22 24=13 25=21 26=25 27=27 28=26 29=29 30=09 31=28 32=30`),
  ...pairs("IS", "0=1"),
  ...pairs("IT", "AO=23 CI=88 OG=88 OT=88 VS=88"),
  ...pairs("KZ", `AKM=11 AKT=15 ALA=19 AST=71 ATY=23 KAR=35 KUS=39 KZY=43 MAN=47 PAV=55 SEV=59 VOS=63 YUZ=61 ZAP=27
    ZHA=31`),
  ...pairs("LC", "04=06 09=08"),
  ...pairs("LV", `084=113 060=113 005=054 064=113 085=054 009=094 108=015 014=015 044=058 023=058 110=058 065=002
    107=042 105=016 081=112 074=112 100=112 010=026 098=026 083=016 004=042 036=111 024=047 066=112 032=112 071=112
    027=097 079=097 063=097 029=099 020=011 096=113 017=113 019=113 045=113 104=022 076=094 075=022 070=022 048=091
    082=015 039=022 001=073 078=073 109=077 012=062 031=080 095=080 090=089 061=091 057=059 008=022 030=059 021=059
    035=067 013=052 051=067 034=016 072=002 046=002 092=002 053=067 038=002 103=073 JKB=042 049=042 086=042 003=112
    006=050 093=050 043=099 040=099 018=088 069=041 028=112 037=091 VMR=113 055=022`),
  // Morocco's sixteen regions of 1997 by where most of their people went in 2015; no unit is Drâa-Tafilalet's alone.
  ...pairs("MA", "02=04 03=03 04=02 05=03 06=03 07=04 08=06 09=06 10=06 11=07 12=05 13=09 14=10 15=11 16=12"),
  ...pairs("MD", "CAM=SN GRI=SN"),
  ...pairs("MK", "15=307 22=304 28=307 31=307 50=607 57=307 85=810"),
  ...pairs("MU", "BR=PW CU=PW QB=PW VP=PW"),
  ...pairs("MX", "DIF=CMX"),
  ...pairs("NO", `01=31 02=32 04=34 05=34 06=33 07=39 08=40 09=42 10=42 12=46 14=46 16=50 17=50 19=55 20=56`),
  ...pairs("OM", "BA=BS SH=SJ"),
  ...pairs("PH", "BCD=06 LAP=07 MAG=14 MDE=07 MNL=00"),
  ...pairs("PL", "SL=24 MA=12 PK=18 DS=02 OP=16 PD=20 WN=28 LB=08 ZP=32 LU=06 PM=22 MZ=14 LD=10 KP=04 WP=30 SK=26"),
  ...pairs("SY", "X01~=QU"),
  ...pairs("TJ", "X01~=RA"),
  ...pairs("TT", "ETO=TOB RCM=MRC WTO=TOB"),
  ...pairs("TW", "TPQ=NWT"),
  ...pairs("ZA", "NL=KZN GT=GP"),
  ["-99-X05~", "KZ-43"],
]);

/** Codes whose name differs from the unit that Natural Earth gives them to: "code|name" or adm1_code -> code. */
export const ALIASES_BY_NAME = new Map([
  ["CO-CUN|Bogota", "CO-DC"],
  ["HR-12|Požega-Slavonia", "HR-11"],
  ["IR-07|Alborz", "IR-30"],
  ["KZ-ALA|Almaty City", "KZ-75"],
  ["LA-VI|Vientiane [prefecture]", "LA-VT"],
  ["MV-12|Malé", "MV-MLE"],
  ["MOZ-5854", "MZ-MPM"],
  ["PE-LIM|Lima Province", "PE-LMA"],
  ["SB-CH|Western", "SB-WE"],
  ["SD-DE|Central Darfur", "SD-DC"],
]);

/** Top-level codes that ISO 3166-1 also lists as countries, which is how address databases give them. */
export const OWN_COUNTRIES = new Map([["US-PR", "PR"], ["NL-SX", "SX"], ["NO-X01~", "BV"]]);

/** Countries whose geometry is one generation of withdrawn ISO codes: names are not matched, codes stay. */
export const OLD_GENERATION = new Set(["CD", "KE", "NP"]);

/** Disputed or leased areas without an own ISO code: drawn grey inside this country's map. */
export const UNKEYED = new Map([["-99-X11~", "SO"], ["-99-X04~", "CY"], ["GL-UO", "GL"]]);

/** Top-level codes that ISO 3166-2 took up after the iso-3166 package was made. */
export const NEW_TOP_LEVEL = new Set(["NO-31", "NO-32", "NO-33", "NO-39", "NO-40", "NO-55", "NO-56"]);

/** Names where the sources are silent, outdated or unusual in English. */
export const NAMES = new Map([
  ["NO-31", "Østfold"], ["NO-32", "Akershus"], ["NO-33", "Buskerud"], ["NO-39", "Vestfold"], ["NO-40", "Telemark"],
  ["NO-55", "Troms"], ["NO-56", "Finnmark"],
  ["ES-NC", "Navarre"], ["FR-20R", "Corsica"], ["FR-973", "French Guiana"], ["FR-974", "Réunion"], ["FR-NOR", "Normandy"],
  ["BE-BRU", "Brussels"], ["BE-VLG", "Flanders"], ["BE-WAL", "Wallonia"], ["PS-GZZ", "Gaza Strip"],
  ["FR-GES", "Grand Est"], ["FR-PDL", "Pays de la Loire"],
  ["MA-01", "Tangier-Tétouan-Al Hoceïma"], ["MA-02", "Oriental"], ["MA-03", "Fès-Meknès"], ["MA-04", "Rabat-Salé-Kénitra"],
  ["MA-05", "Béni Mellal-Khénifra"], ["MA-06", "Casablanca-Settat"], ["MA-07", "Marrakech-Safi"], ["MA-09", "Souss-Massa"],
  ["MA-10", "Guelmim-Oued Noun"], ["MA-11", "Laâyoune-Sakia El Hamra"], ["MA-12", "Dakhla-Oued Ed-Dahab"],
]);

/** Parts of a world-atlas country that ISO 3166-1 lists apart: [from, to, name, west, south, east, north]. */
export const CARVED = [
  ["FR", "GF", "French Guiana", -55, 1, -51, 7],
  ["FR", "GP", "Guadeloupe", -62, 15.7, -60.9, 16.6],
  ["FR", "MQ", "Martinique", -61.4, 14.2, -60.6, 15],
  ["FR", "RE", "Réunion", 55, -22, 56, -20],
  ["FR", "YT", "Mayotte", 44.8, -13.2, 45.4, -12.5],
  ["NL", "BQ", "Caribbean Netherlands", -69, 11.8, -62.5, 18],
  ["NO", "SJ", "Svalbard and Jan Mayen", -10, 70, 40, 82],
  ["", "CX", "Christmas Island", 105, -11, 106, -10],
  ["", "CC", "Cocos Islands", 96, -13, 97, -11],
];

/** Names of countries where the English display name is long or unusual. */
export const COUNTRY_NAMES = new Map([
  ["CD", "DR Congo"], ["CG", "Republic of the Congo"], ["HK", "Hong Kong"], ["MM", "Myanmar"], ["MO", "Macao"],
  ["PS", "Palestine"],
]);

/** Centre points of ISO countries without any polygon in the sources. */
export const POINTS = new Map(Object.entries({
  BQ: [12.18, -68.25], BV: [-54.42, 3.36], CC: [-12.17, 96.83], CX: [-10.49, 105.63], GF: [3.93, -53.13],
  GI: [36.14, -5.35], GP: [16.25, -61.55], MQ: [14.64, -61.02], RE: [-21.12, 55.54], SJ: [78.6, 16.6],
  TK: [-9.17, -171.82], TV: [-8.52, 179.2], UM: [19.28, 166.65], YT: [-12.82, 45.15],
}));

/** The capital's or the most populous zone of each country with several. */
export const ZONES = new Map(Object.entries({
  // BV and HM are uninhabited and in no table: the zone of the same offset.
  BV: "Africa/Abidjan", HM: "Indian/Kerguelen",
  AQ: "Antarctica/McMurdo", AR: "America/Argentina/Buenos_Aires", AU: "Australia/Sydney", BR: "America/Sao_Paulo",
  CA: "America/Toronto", CD: "Africa/Kinshasa", CL: "America/Santiago", CN: "Asia/Shanghai", CY: "Asia/Nicosia",
  DE: "Europe/Berlin", EC: "America/Guayaquil", ES: "Europe/Madrid", FM: "Pacific/Pohnpei", GL: "America/Nuuk",
  ID: "Asia/Jakarta", KI: "Pacific/Tarawa", KZ: "Asia/Almaty", MH: "Pacific/Majuro", MN: "Asia/Ulaanbaatar",
  MX: "America/Mexico_City", MY: "Asia/Kuala_Lumpur", NZ: "Pacific/Auckland", PF: "Pacific/Tahiti",
  PG: "Pacific/Port_Moresby", PS: "Asia/Hebron", PT: "Europe/Lisbon", RU: "Europe/Moscow", UA: "Europe/Kyiv",
  UM: "Pacific/Wake", US: "America/New_York", UZ: "Asia/Tashkent", VN: "Asia/Ho_Chi_Minh", XK: "Europe/Belgrade",
}));
