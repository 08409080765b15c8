/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What QEMU's arguments say that its guest is started with, and what they leave open. */
#include "measure/qemu_arguments.h"
#include "measure/qemu_fields.h"

#include <string.h>

/* Arguments are separated by '|'. */
static QemuArguments *parse(const char *text, GError **error)
{
    g_autofree char *bytes = g_strdelimit(g_strdup(text), "|", '\0');

    return qemu_arguments_parse(bytes, strlen(text) + 1, error);
}

/* "kernel:PATH firmware*:PATH ...": '*' where QEMU keeps it open */
static char *say(const QemuArguments *a)
{
    GString *out = g_string_new(NULL);

    for (guint i = 0; i < a->files->len; i++) {
        const QemuFile *f = &g_array_index(a->files, QemuFile, i);

        g_string_append_printf(out, "%s%s%s:%s", i > 0 ? " " : "", wire_part_kind_word(f->kind),
                               f->kept_open ? "*" : "", f->path);
    }
    return g_string_free(out, FALSE);
}

static const struct {
    const char *arguments;
    const char *files; /* NULL: refused */
    const char *why;
} cases[] = {
    { "qemu", "", NULL },
    { "qemu|-kernel|/k|-initrd|/i|-dtb|/d|-bios|/b",
      "firmware:/b kernel:/k initrd:/i device-tree:/d", NULL },
    { "qemu|--kernel|/k", "kernel:/k", NULL },
    { "qemu|-kernel|/k|-kernel|/l", "kernel:/l", NULL },
    { "qemu|-kernel|/k|-machine|pc,kernel=/l,firmware=/b", "firmware:/b kernel:/l", NULL },
    { "qemu|-machine|type=pc,initrd=/a,,b", "initrd:/a,b", NULL },
    { "qemu|-pflash|/f", "firmware*:/f", NULL },
    { "qemu|-drive|if=pflash,file=/f,readonly=on", "firmware*:/f", NULL },
    { "qemu|-drive|if=pflash,format=raw", NULL, "which file" },
    { "qemu|-drive|file=/disk,if=virtio", "", NULL },
    { "qemu|-M|q35,pflash0=a|-drive|if=none,id=a,file=/f", "firmware*:/f", NULL },
    { "qemu|-M|q35,pflash0=a|-blockdev|driver=raw,node-name=a,file=b|-blockdev|"
      "driver=file,node-name=b,filename=/f",
      "firmware*:/f", NULL },
    { "qemu|-M|q35,pflash0=a|-blockdev|driver=raw,node-name=a,file.driver=file,file.filename=/f",
      "firmware*:/f", NULL },
    { "qemu|-M|q35,pflash1=a|-blockdev|{\"node-name\":\"a\",\"driver\":\"raw\",\"file\":"
      "{\"driver\":\"file\",\"filename\":\"/f\"}}",
      "firmware*:/f", NULL },
    { "qemu|-M|q35,pflash0=a", NULL, "flash memory" },
    { "qemu|-M|q35,pflash0=a|-blockdev|node-name=a,file=a", NULL, "flash memory" },
    { "qemu|-blockdev|{\"node-name\":", NULL, "-blockdev cannot be read" },
    { "qemu|-device|virtio-net-pci,romfile=/r", "file:/r", NULL },
    { "qemu|-device|virtio-net-pci,romfile=", "", NULL },
    { "qemu|-device|{\"driver\":\"loader\",\"file\":\"/l\"}", "file:/l", NULL },
    { "qemu|-device|guest-loader,kernel=/k,addr=1", "file:/k", NULL },
    { "qemu|-device|pc-dimm,file=/x", "", NULL },
    { "qemu|-option-rom|/r,bootindex=1", "file:/r", NULL },
    { "qemu|-acpitable|data=/a:/b", "file:/a file:/b", NULL },
    { "qemu|-smbios|type=11,path=/s", "file:/s", NULL },
    { "qemu|-fw_cfg|opt/a,file=/w", "file:/w", NULL },
    { "qemu|-fw_cfg|opt/a,file=/w:/x", "file:/w:/x", NULL },
    { "qemu|-smbios|file=/s:/t", "file:/s:/t", NULL },
    { "qemu|-global|virtio-net-pci.romfile=/r", NULL, "-device alone" },
    { "qemu|-global|ICH9-LPC.disable_s3=1", "", NULL },
    { "qemu|-readconfig|/c", NULL, "-readconfig" },
    { "qemu|-set|drive.a.file=/x", NULL, "-set" },
    { "qemu|-incoming|defer", NULL, "-incoming" },
    { "qemu|-loadvm|a", NULL, "-loadvm" },
    { "qemu|-chroot|/x", NULL, "-chroot" },
    /* What one program takes for an option, another may take for a value. */
    { "qemu|-name|-kernel|/k", NULL, "two ways: -name -kernel" },
    { "qemu|-new-in-qemu|-kernel|/k", NULL, "two ways" },
    { "qemu|-nodefaults|-kernel|/k", "kernel:/k", NULL },
    { "qemu|-name|a|-kernel|/k", "kernel:/k", NULL },
    { "qemu|/disk|-kernel|/k", "kernel:/k", NULL },
    { "qemu|-append|-kernel|-initrd|/i", "initrd:/i", NULL },
    { "qemu|-kernel", NULL, "end within -kernel" },
};

static void test_files(void)
{
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GError) error = NULL;
        g_autoptr(QemuArguments) got = parse(cases[i].arguments, &error);

        g_test_message("%s", cases[i].arguments);
        if (cases[i].files) {
            g_autofree char *said = NULL;

            g_assert_no_error(error);
            said = say(got);
            g_assert_cmpstr(said, ==, cases[i].files);
        } else {
            g_assert_null(got);
            g_assert_error(error, G_FILE_ERROR, G_FILE_ERROR_FAILED);
            g_assert_nonnull(strstr(error->message, cases[i].why));
        }
    }
}

static void test_words(void)
{
    g_autoptr(QemuArguments) none = parse("qemu", NULL);
    g_autoptr(QemuArguments) all =
        parse("qemu|-machine|q35,usb=off|-append|a b|-machine|append=c,type=pc|-uuid|x", NULL);

    g_assert_null(none->machine);
    g_assert_null(none->command_line);
    g_assert_null(none->uuid);
    g_assert_cmpstr(all->machine, ==, "pc");
    g_assert_cmpstr(all->command_line, ==, "c");
    g_assert_cmpstr(all->uuid, ==, "x");
}

/* A process may have put anything in their place. */
static void test_refuses_what_is_cut(void)
{
    static const char whole[] = "qemu\0-kernel\0/k";

    for (gsize len = 0; len < sizeof(whole); len++) {
        g_autofree char *cut = g_memdup2(whole, len); /* no more, for the sanitizer */
        g_autoptr(GError) error = NULL;
        g_autoptr(QemuArguments) got = qemu_arguments_parse(cut, len, &error);

        g_assert_true(!got || cut[len - 1] == '\0');
        g_assert_true(!got == !!error);
    }
}

static void test_fields(void)
{
    static const struct {
        const char *text;
        const char *implied;
        const char *name;
        const char *value; /* NULL: there is none */
    } table[] = {
        { "a=b,c=d", NULL, "c", "d" },
        { "a=b,,c,d=e", NULL, "a", "b,c" },
        { "x,a=b", "driver", "driver", "x" },
        { "x,y", "driver", "y", "on" },
        { "a=b=c", NULL, "a", "b=c" },
        { "a=,b=c", NULL, "a", "" },
        { "a=1,a=2", NULL, "a", "2" },
        { "", "driver", "driver", NULL },
        { "{\"a\":{\"b\":{\"c\":\"d\"}}}", NULL, "a.b.c", "d" },
        { "{\"a\":1}", NULL, "a", NULL },
        { "{\"a\":\"}{\\\"]/'#\"}", NULL, "a", "}{\"]/'#" },
    };

    for (gsize i = 0; i < G_N_ELEMENTS(table); i++) {
        g_autoptr(GHashTable) got = qemu_fields_parse(table[i].text, table[i].implied);

        g_assert_nonnull(got);
        g_assert_cmpstr(g_hash_table_lookup(got, table[i].name), ==, table[i].value);
    }
    g_assert_null(qemu_fields_parse("{", NULL));
    g_assert_null(qemu_fields_parse("{}x", NULL));
    g_assert_null(qemu_fields_parse("{\"a\":\"b\"}{\"a\":\"c\"}", NULL));
}

/* However deep it is, nobody's stack is. */
static void test_refuses_what_is_deep(void)
{
    const gsize levels = 1000000;
    g_autofree char *deep = g_strnfill(levels, '[');

    deep[0] = '{';
    g_assert_null(qemu_fields_parse(deep, NULL));
}

/* One more than a list has room for. */
static void test_refuses_too_many(void)
{
    g_autoptr(GString) text = g_string_new("qemu");
    g_autoptr(QemuArguments) most = NULL, more = NULL;
    g_autoptr(GError) error = NULL;

    for (gsize i = 0; i < WIRE_PARTS_MAX; i++) {
        g_string_append(text, "|-pflash|/f");
    }
    most = parse(text->str, &error);
    g_assert_no_error(error);
    g_assert_cmpuint(most->files->len, ==, WIRE_PARTS_MAX);
    g_string_append(text, "|-pflash|/f");
    more = parse(text->str, &error);
    g_assert_null(more);
    g_assert_error(error, G_FILE_ERROR, G_FILE_ERROR_FAILED);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/manager/qemu-arguments/name-files", test_files);
    g_test_add_func("/manager/qemu-arguments/say-machine-and-command-line", test_words);
    g_test_add_func("/manager/qemu-arguments/refuses-what-is-cut", test_refuses_what_is_cut);
    g_test_add_func("/manager/qemu-arguments/fields", test_fields);
    g_test_add_func("/manager/qemu-arguments/refuses-what-is-deep", test_refuses_what_is_deep);
    g_test_add_func("/manager/qemu-arguments/refuses-too-many", test_refuses_too_many);
    return g_test_run();
}
