/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Each allocation that OpenSSL asks for fails, once, while a deep quote is verified. What comes out
 * is what would have come out, or nothing because the program ends, or, where OpenSSL does not tell
 * that it had no memory, a refusal.
 */
#include "failing_memory.h"
#include "verify_fixture.h"

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

typedef enum Result { RESULT_SAME, RESULT_REFUSED, RESULT_BETTER, RESULT_NO_FAILURE } Result;

static const uint16_t ecdsa = TPM_ALG_ECDSA, rsassa = TPM_ALG_RSASSA;

/* In a process of its own: what comes out where the allocation after @n more fails. */
static Result check_with_failure(VerifyFixture *f, int n, DqOutcome want)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(DqVerdict) verdict = NULL;
    DqOutcome outcome;
    gboolean failed;

    failing_memory.arm(n);
    verdict = dq_verifier_check(f->verifier, &f->quote, &f->expected, &error);
    failed = failing_memory.disarm();
    g_assert_no_error(error);
    outcome = dq_verdict_get_outcome(verdict);
    if (outcome != want) {
        return outcome == DQ_REFUSED ? RESULT_REFUSED : RESULT_BETTER;
    }
    return failed ? RESULT_SAME : RESULT_NO_FAILURE;
}

static void each_failure(VerifyFixture *f, DqOutcome want)
{
    int counts[RESULT_NO_FAILURE + 1] = { 0 };
    int ended = 0;

    for (int n = 0; counts[RESULT_NO_FAILURE] == 0; n++) {
        pid_t child = fork();
        int status;

        if (child == 0) {
            int nowhere = open("/dev/null", O_WRONLY | O_CLOEXEC);

            dup2(nowhere, STDOUT_FILENO); /* an end says why */
            dup2(nowhere, STDERR_FILENO);
            _exit((int)check_with_failure(f, n, want));
        }
        g_assert_cmpint(waitpid(child, &status, 0), ==, child);
        if (WIFEXITED(status)) {
            counts[WEXITSTATUS(status)]++;
        } else {
            ended++;
        }
    }
    g_assert_cmpint(counts[RESULT_BETTER], ==, 0);
    g_assert_cmpint(counts[RESULT_REFUSED], <, ended);
}

static void test_trusted(VerifyFixture *f, gconstpointer alg)
{
    (void)alg;
    each_failure(f, DQ_TRUSTED);
}

static void test_refused(VerifyFixture *f, gconstpointer alg)
{
    (void)alg;
    f->deed->evidence->data[20] ^= 1;
    each_failure(f, DQ_REFUSED);
}

static void set_up(VerifyFixture *f, gconstpointer alg)
{
    verify_fixture_set_up(f, *(const uint16_t *)alg);
}

static void tear_down(VerifyFixture *f, gconstpointer alg)
{
    (void)alg;
    verify_fixture_clear(f);
}

#define ADD(path, alg, test)                                                                       \
    g_test_add("/attest/memory/" path, VerifyFixture, alg, set_up, test, tear_down)

int main(int argc, char **argv)
{
    failing_memory_install();
    g_test_init(&argc, &argv, NULL);
    ADD("a-trusted-quote", &ecdsa, test_trusted);
    ADD("a-trusted-quote-under-rsa", &rsassa, test_trusted);
    ADD("a-refused-quote-is-never-trusted", &ecdsa, test_refused);
    return g_test_run();
}
