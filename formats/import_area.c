#include "formats/import_area.h"

#include <strings.h>

// Names as the messages write them. Any order: the longest that fits is taken.
static const struct place {
    const char *name, *area;
} places[] = {
    {"ALASKA", "USA"}, {"ALBANIA", "ALB"}, {"ALGERIA", "DZA"}, {"ANDAMAN ISLANDS", "IND"},
    {"ANDAMAN SEA", "SOUTH-EAST-ASIA"}, {"ANGOLA", "AGO"}, {"ANGUILLA", "AIA"}, {"ANTARCTICA", "XAG"},
    {"ANTIGUA AND BARBUDA", "ATG"}, {"ANTIGUA", "ATG"}, {"ARABIAN SEA", "XAC"}, {"ARGENTINA", "ARG"},
    {"AUSTRALIA", "AUS"}, {"AUSTRIA", "AUT"}, {"BAB EL MANDEB", "XAJ"}, {"BAB-EL-MANDEB", "XAJ"},
    {"BAHAMAS", "BHS"}, {"BAHRAIN", "BHR"}, {"BALEARIC ISLANDS", "ESP"}, {"BANGLADESH", "BGD"},
    {"BARBADOS", "BRB"}, {"BARENTS SEA", "XAF"}, {"BAY OF BENGAL", "XAC"}, {"BELGIUM", "BEL"},
    {"BELIZE", "BLZ"}, {"BENIN", "BEN"}, {"BLACK SEA", "BLACK-SEA"}, {"BRAZIL", "BRA"}, {"BRUNEI", "BRN"},
    {"BULGARIA", "BGR"}, {"BURMA", "MMR"}, {"CALIFORNIA", "USA"}, {"CAMBODIA", "KHM"}, {"CAMEROON", "CMR"},
    {"CANADA", "CAN"}, {"CANARY ISLANDS", "ESP"}, {"CAPE VERDE", "CPV"}, {"CARIBBEAN SEA", "CARIBBEAN"},
    {"CAYMAN ISLANDS", "CYM"}, {"CHILE", "CHL"}, {"CHINA", "CHN"}, {"COLOMBIA", "COL"}, {"COMOROS", "COM"},
    {"CONGO", "COG"}, {"COSTA RICA", "CRI"}, {"COTE D'IVOIRE", "CIV"}, {"CROATIA", "HRV"}, {"CUBA", "CUB"},
    {"CURACAO", "CUW"}, {"CYPRUS", "CYP"}, {"CZECH REPUBLIC", "CZE"}, {"DENMARK", "DNK"}, {"DJIBOUTI", "DJI"},
    {"DOMINICA", "DMA"}, {"DOMINICAN REPUBLIC", "DOM"}, {"DR CONGO", "COD"}, {"EAST CHINA SEA", "XAD"},
    {"EAST TIMOR", "TLS"}, {"ECUADOR", "ECU"}, {"EGYPT", "EGY"}, {"EL SALVADOR", "SLV"}, {"ENGLAND", "GBR"},
    {"EQUATORIAL GUINEA", "GNQ"}, {"ERITREA", "ERI"}, {"ESTONIA", "EST"}, {"FIJI", "FJI"}, {"FINLAND", "FIN"},
    {"FLORIDA", "USA"}, {"FRANCE", "FRA"}, {"GABON", "GAB"}, {"GALAPAGOS ISLANDS", "ECU"}, {"GAMBIA", "GMB"},
    {"GEORGIA", "GEO"}, {"GERMANY", "DEU"}, {"GHANA", "GHA"}, {"GIBRALTAR", "GIB"}, {"GREECE", "GRC"},
    {"GREENLAND", "GRL"}, {"GRENADA", "GRD"}, {"GUADELOUPE", "GLP"}, {"GUAM", "GUM"}, {"GUATEMALA", "GTM"},
    {"GUINEA", "GIN"}, {"GUINEA BISSAU", "GNB"}, {"GUINEA-BISSAU", "GNB"}, {"GULF OF ADEN", "XAJ"},
    {"GULF OF GUINEA", "GULF-OF-GUINEA"}, {"GULF OF MEXICO", "XAA"}, {"GULF OF OMAN", "OMN"},
    {"GULF OF THAILAND", "THA"}, {"GUYANA", "GUY"}, {"HAITI", "HTI"}, {"HAWAII", "USA"}, {"HONDURAS", "HND"},
    {"HONG KONG", "HKG"}, {"HUNGARY", "HUN"}, {"ICELAND", "ISL"}, {"INDIA", "IND"}, {"INDIAN OCEAN", "XAC"},
    {"INDONESIA", "IDN"}, {"IRAN", "IRN"}, {"IRAQ", "IRQ"}, {"IRELAND", "IRL"}, {"ISRAEL", "ISR"},
    {"ITALY", "ITA"}, {"IVORY COAST", "CIV"}, {"JAMAICA", "JAM"}, {"JAPAN", "JPN"}, {"JERSEY", "JEY"},
    {"JORDAN", "JOR"}, {"KARA SEA", "XAF"}, {"KENYA", "KEN"}, {"KIRIBATI", "KIR"}, {"KUWAIT", "KWT"},
    {"LAKSHADWEEP", "IND"}, {"LATVIA", "LVA"}, {"LEBANON", "LBN"}, {"LIBERIA", "LBR"}, {"LIBYA", "LBY"},
    {"LITHUANIA", "LTU"}, {"LOUISIANA", "USA"}, {"MADAGASCAR", "MDG"}, {"MALACCA STRAIT", "SOUTH-EAST-ASIA"},
    {"MALACCA STRAITS", "SOUTH-EAST-ASIA"}, {"MALAYSIA", "MYS"}, {"MALDIVES", "MDV"}, {"MALTA", "MLT"},
    {"MARSHALL ISLANDS", "MHL"}, {"MARTINIQUE", "MTQ"}, {"MAURITANIA", "MRT"}, {"MAURITIUS", "MUS"},
    {"MAYOTTE", "MYT"}, {"MEDITERRANEAN SEA", "MEDITERRANEAN"}, {"MEXICO", "MEX"}, {"MONTENEGRO", "MNE"},
    {"MOROCCO", "MAR"}, {"MOZAMBIQUE", "MOZ"}, {"MOZAMBIQUE CHANNEL", "XAC"}, {"MYANMAR", "MMR"},
    {"NAMIBIA", "NAM"}, {"NETHERLANDS", "NLD"}, {"NEW CALEDONIA", "NCL"}, {"NEW ZEALAND", "NZL"},
    {"NICARAGUA", "NIC"}, {"NIGERIA", "NGA"}, {"NORTH KOREA", "PRK"}, {"NORTH SEA", "XAA"},
    {"NORTHERN MARIANA ISLANDS", "MNP"}, {"NORWAY", "NOR"}, {"NORWEGIAN SEA", "XAA"}, {"OMAN", "OMN"},
    {"ORKNEY ISLANDS", "GBR"}, {"PAKISTAN", "PAK"}, {"PALAU", "PLW"}, {"PANAMA", "PAN"},
    {"PAPUA NEW GUINEA", "PNG"}, {"PARACEL ISLANDS", "XAK"}, {"PERSIAN GULF", "ARABIAN-GULF"},
    {"PERU", "PER"}, {"PHILIPPINE SEA", "XAD"}, {"PHILIPPINES", "PHL"}, {"POLAND", "POL"},
    {"PORTUGAL", "PRT"}, {"PUERTO RICO", "PRI"}, {"QATAR", "QAT"}, {"RED SEA", "XAJ"}, {"ROMANIA", "ROU"},
    {"RUSSIA", "RUS"}, {"SAINT LUCIA", "LCA"}, {"SAUDI ARABIA", "SAU"}, {"SCOTLAND", "GBR"},
    {"SENEGAL", "SEN"}, {"SEYCHELLES", "SYC"}, {"SIERRA LEONE", "SLE"}, {"SINGAPORE", "SGP"},
    {"SINGAPORE STRAIT", "SOUTH-EAST-ASIA"}, {"SINGAPORE STRAITS", "SOUTH-EAST-ASIA"}, {"SLOVAKIA", "SVK"},
    {"SLOVENIA", "SVN"}, {"SOLOMON ISLANDS", "SLB"}, {"SOMALIA", "SOM"}, {"SOUTH AFRICA", "ZAF"},
    {"SOUTH CHINA SEA", "XAK"}, {"SOUTH GEORGIA", "SGS"}, {"SOUTH KOREA", "KOR"}, {"SPAIN", "ESP"},
    {"SRI LANKA", "LKA"}, {"ST LUCIA", "LCA"}, {"ST MARTIN", "MAF"}, {"STRAIT OF HORMUZ", "ARABIAN-GULF"},
    {"STRAIT OF MALACCA", "SOUTH-EAST-ASIA"}, {"SUDAN", "SDN"}, {"SULU SEA", "PHL"}, {"SURINAME", "SUR"},
    {"SVALBARD", "SJM"}, {"SWEDEN", "SWE"}, {"SWITZERLAND", "CHE"}, {"SYRIA", "SYR"}, {"TAHITI", "PYF"},
    {"TAIWAN", "TWN"}, {"TAIWAN STRAIT", "TWN"}, {"TANZANIA", "TZA"}, {"TASMANIA", "AUS"}, {"TEXAS", "USA"},
    {"THAILAND", "THA"}, {"TOGO", "TGO"}, {"TONGA", "TON"}, {"TRINIDAD", "TTO"},
    {"TRINIDAD AND TOBAGO", "TTO"}, {"TUNISIA", "TUN"}, {"TURKEY", "TUR"}, {"U.S.", "USA"},
    {"UKRAINE", "UKR"}, {"UNITED ARAB EMIRATES", "ARE"}, {"UNITED KINGDOM", "GBR"}, {"UNITED STATES", "USA"},
    {"URUGUAY", "URY"}, {"VENEZUELA", "VEN"}, {"VIETNAM", "VNM"}, {"WALES", "GBR"}, {"WEDDELL SEA", "XAG"},
    {"YELLOW SEA", "XAD"}, {"YEMEN", "YEM"},
};

// Coastal waters, degrees; the first that holds a position counts, so small ones stand before large ones.
static const struct box {
    const char *area;
    double south, north, west, east;
} boxes[] = {
    {"SGP", 1.15, 1.5, 103.5, 104.2}, {"IDN", -11.5, 1.15, 95, 141}, {"MYS", 1.5, 6.6, 99.5, 104.5},
    {"MYS", 1.5, 7.5, 109.5, 119.5}, {"IDN", 1.15, 6, 95, 99.5}, {"IDN", 1.15, 4.3, 104.2, 109.5},
    {"PHL", 4.5, 20, 117, 127}, {"VNM", 8, 21.6, 104.5, 110}, {"THA", 5.5, 13.6, 98, 103},
    {"MMR", 10, 20.5, 92, 98}, {"BGD", 20.5, 23, 88.8, 92.5}, {"LKA", 5.5, 10, 79.5, 82.2},
    {"IND", 7, 24, 68, 88.8}, {"PAK", 23, 25.6, 61, 68}, {"ARE", 23.5, 26.5, 51.5, 56.5},
    {"QAT", 24.4, 26.3, 50.6, 51.8}, {"KWT", 28.4, 30, 47.5, 48.8}, {"IRQ", 29.5, 30.6, 47.8, 49},
    {"IRN", 25, 30, 48.8, 61}, {"OMN", 16.5, 25, 53, 60}, {"DJI", 10.9, 12.6, 42.4, 43.4},
    {"YEM", 12.6, 16.6, 42.5, 53}, {"ERI", 12.6, 18, 37, 42.5}, {"SDN", 18, 22, 36.5, 39},
    {"SOM", -1.7, 12, 41.3, 51.5}, {"KEN", -4.7, -1.5, 39, 41.5}, {"TZA", -11, -4.7, 38.7, 41},
    {"MOZ", -27, -11, 32, 41}, {"MDG", -26, -11.8, 43, 51}, {"AGO", -17.5, -6, 11.5, 14},
    {"COD", -6.1, -5.7, 11.9, 12.9}, {"COG", -5.7, -3.8, 11, 13}, {"GAB", -3.8, 1, 8.5, 11.5},
    {"GNQ", 1, 4, 8.4, 9.9}, {"CMR", 2.2, 5, 8.4, 10}, {"NGA", 2.5, 7, 2.8, 8.4}, {"BEN", 5, 6.8, 1.7, 2.8},
    {"TGO", 5, 6.4, 1.15, 1.7}, {"GHA", 4, 6.4, -3.1, 1.15}, {"CIV", 3.8, 5.6, -7.5, -3.1},
    {"LBR", 4, 7, -11.5, -7.5}, {"SLE", 7, 9.4, -13.5, -11.5}, {"GIN", 9, 11, -15, -13},
    {"GNB", 11, 12.4, -16.8, -14.5}, {"SEN", 12.4, 16.2, -18, -16}, {"MRT", 16.2, 21, -17.5, -16},
    {"BRA", -34, 4.5, -52, -34}, {"SUR", 5.3, 7, -57.2, -54}, {"GUY", 5.5, 9, -60, -57.2},
    {"TTO", 10, 11.5, -62, -60.4}, {"VEN", 9.5, 12.5, -71.5, -60}, {"COL", 8.5, 13, -77.5, -71.5},
    {"COL", 1.5, 8, -79, -76.5}, {"ECU", -3.4, 1.5, -82, -79}, {"PER", -18.5, -3.4, -82, -70},
    {"PAN", 7, 9.7, -83, -77.3}, {"CRI", 8, 11.2, -86, -82.5}, {"NIC", 11, 15, -84, -82},
    {"HND", 15, 17, -88.5, -83}, {"GTM", 13, 17, -92.3, -88}, {"HTI", 17.8, 20.2, -74.6, -71.7},
    {"DOM", 17.5, 20, -71.7, -68.2}, {"JAM", 17.5, 18.7, -78.5, -76}, {"CUB", 19.8, 23.3, -85, -74.6},
    {"MEX", 15, 26, -98, -91}, {"PRI", 17.8, 18.6, -67.4, -65.2}, {"HKG", 22, 22.5, 113.8, 114.5},
    {"CHN", 18, 41, 108, 122}, {"KOR", 33, 38.6, 125, 130}, {"JPN", 30, 45.5, 130, 146},
    {"PNG", -12, 0, 141, 156}, {"EGY", 22, 31.8, 29, 36.9}, {"LBY", 30, 33.3, 11.5, 25},
    {"TUN", 33.3, 37.6, 8.5, 11.5}, {"ITA", 36, 45.8, 8.5, 18.5}, {"GRC", 34.8, 41, 19.5, 27},
    {"TUR", 36, 41.9, 26, 42},
};

static bool is_letter(uint8_t c)
{
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c >= 0x80;
}

// The longest place name that stands at the start of `at` and ends at a word's end; NULL = none.
static const struct place *place_at(struct span at)
{
    const struct place *best = NULL;
    size_t best_len = 0;
    for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
        size_t n = strlen(places[i].name);
        if (n <= best_len || n > at.len || strncasecmp((const char *)at.ptr, places[i].name, n) != 0)
            continue;
        if (n < at.len && is_letter(at.ptr[n]))
            continue; // "OMANI" is not OMAN
        best = &places[i];
        best_len = n;
    }
    return best;
}

static void add_area(struct import_areas *areas, const char *id)
{
    for (size_t i = 0; i < areas->count; i++)
        if (strcmp(areas->ids[i], id) == 0)
            return;
    if (areas->count < IMPORT_AREAS_MAX)
        areas->ids[areas->count++] = id;
}

void import_area_from_text(struct span text, struct import_areas *areas)
{
    for (size_t i = 0; i < text.len;) {
        const struct place *p = NULL;
        if (is_letter(text.ptr[i]) && (i == 0 || !is_letter(text.ptr[i - 1])))
            p = place_at(span_sub(text, i, text.len));
        if (p)
            add_area(areas, p->area);
        i += p ? strlen(p->name) : 1;
    }
}

static bool within(double v, double low, double high)
{
    return v >= low && v <= high;
}

// Which ocean, by a few straight lines.
static const char *high_seas(double lat, double lon)
{
    if (lat >= 66)
        return "XAF";
    if (lat <= -60)
        return "XAG";
    if (within(lat, 30, 47) && within(lon, -5.5, 42))
        return "XAH";
    if (within(lat, 10.5, 30) && within(lon, 32, lat < 16 ? 51.5 : 43.5))
        return "XAJ";
    if (within(lat, 0, 23) && within(lon, 104, 121))
        return "XAK";
    if (within(lon, 20, lat < 0 ? 130 : 100) && lat < 31)
        return "XAC";
    // West of Central America lies the Pacific: the line runs from Mexico to Panama and down the Andes.
    double divide = lat > 17 ? -98 : lat > 9 ? -84 : -70;
    if (lon > 100 || lon < divide)
        return lat >= 0 ? "XAD" : "XAE";
    return lat >= 0 ? "XAA" : "XAB";
}

const char *import_area_from_position(double lat, double lon)
{
    for (size_t i = 0; i < sizeof boxes / sizeof *boxes; i++) {
        const struct box *b = &boxes[i];
        if (within(lat, b->south, b->north) && within(lon, b->west, b->east))
            return b->area;
    }
    return high_seas(lat, lon);
}
