/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The table of chips, and the configuration of the TCTI that plays them. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "latency_options.h"

enum { CONF_MAX = 1024, LINE_LEN = 1024 };

static bool parse_number(const char *text, double max, double *ret)
{
    char *end;
    double v = strtod(text, &end);

    if (end == text || *end != '\0' || !(v >= 0 && v <= max)) {
        return false;
    }
    *ret = v;
    return true;
}

static bool parse_point(char *word, LatencyCurve *c)
{
    char *colon = strchr(word, ':');
    const unsigned n = c->count;

    if (!colon || n == LATENCY_POINTS_MAX) {
        return false;
    }
    *colon = '\0';
    if (!parse_number(word, 100, &c->percent[n]) || !parse_number(colon + 1, 1e6, &c->ms[n]) ||
        (n > 0 && (c->percent[n] <= c->percent[n - 1] || c->ms[n] < c->ms[n - 1]))) {
        return false;
    }
    c->count++;
    return true;
}

bool latency_curve_parse(const char *text, LatencyCurve *ret)
{
    LatencyCurve c = { 0 };
    char line[LINE_LEN];
    char *rest;

    if (strlen(text) >= sizeof(line)) {
        return false;
    }
    strcpy(line, text);
    for (char *word = strtok_r(line, " \t\n", &rest); word; word = strtok_r(NULL, " \t\n", &rest)) {
        if (!parse_point(word, &c)) {
            return false;
        }
    }
    if (c.count == 0) {
        return false;
    }
    *ret = c;
    return true;
}

double latency_curve_at(const LatencyCurve *c, double percent)
{
    unsigned i = 0;

    while (i < c->count && c->percent[i] < percent) {
        i++;
    }
    if (i == 0) {
        return c->ms[0];
    }
    if (i == c->count) {
        return c->ms[c->count - 1];
    }
    return c->ms[i - 1] + (c->ms[i] - c->ms[i - 1]) * (percent - c->percent[i - 1]) /
                              (c->percent[i] - c->percent[i - 1]);
}

bool latency_table_find(const char *path, const char *chip, LatencyCurve *ret)
{
    const size_t n = strlen(chip);
    char line[LINE_LEN];
    FILE *f = fopen(path, "re");
    bool found = false;

    if (!f) {
        return false;
    }
    while (!found && n > 0 && fgets(line, sizeof(line), f)) {
        found = line[0] != '#' && strncmp(line, chip, n) == 0 && strspn(line + n, " \t") > 0 &&
                latency_curve_parse(line + n, ret);
    }
    fclose(f);
    return found;
}

/* What has been read of a configuration. */
typedef struct Conf {
    LatencyOptions options;
    const char *chip;
    const char *table;
    double quote_ms;
    bool constant;
} Conf;

static const char *set_option(Conf *conf, const char *key, const char *value)
{
    double n;

    if (strcmp(key, "chip") == 0) {
        conf->chip = value;
        return NULL;
    }
    if (strcmp(key, "table") == 0) {
        conf->table = value;
        return NULL;
    }
    if (!parse_number(value, 1e9, &n)) {
        return "a value is not a number: quote, other and seed take numbers that are not negative";
    }
    if (strcmp(key, "quote") == 0) {
        conf->quote_ms = n;
        conf->constant = true;
    } else if (strcmp(key, "other") == 0) {
        conf->options.other_ms = n;
    } else if (strcmp(key, "seed") == 0) {
        conf->options.seed = (uint64_t)n;
    } else {
        return "an option is unknown: there are chip, table, quote, other and seed";
    }
    return NULL;
}

static const char *parse_words(char *text, Conf *conf)
{
    const char *fault = NULL;
    char *rest;

    for (char *word = strtok_r(text, ",", &rest); word && !fault;
         word = strtok_r(NULL, ",", &rest)) {
        char *value = strchr(word, '=');

        if (!value) {
            return "an option has no value: write OPTION=VALUE,...:INNER";
        }
        *value = '\0';
        fault = set_option(conf, word, value + 1);
    }
    return fault;
}

const char *latency_options_parse(const char *text, LatencyOptions *ret, const char **ret_inner)
{
    Conf conf = { .options = { .seed = 1 }, .table = CHIPS_TABLE };
    const char *colon = text ? strchr(text, ':') : NULL;
    char words[CONF_MAX];
    const char *fault;

    if (!colon || colon[1] == '\0' || (size_t)(colon - text) >= sizeof(words)) {
        return "name the TCTI behind it: OPTION=VALUE,...:INNER";
    }
    memcpy(words, text, (size_t)(colon - text));
    words[colon - text] = '\0';
    fault = parse_words(words, &conf);
    if (fault) {
        return fault;
    }
    if (conf.constant == (conf.chip != NULL)) {
        return "say how slow it is: either chip=NAME or quote=MS";
    }
    if (conf.constant) {
        conf.options.quote = (LatencyCurve){ 1, { 50 }, { conf.quote_ms } };
    } else if (!latency_table_find(conf.table, conf.chip, &conf.options.quote)) {
        return "no such chip in the table: see chips.table, or name another with table=FILE";
    }
    *ret = conf.options;
    *ret_inner = colon + 1;
    return NULL;
}
