#include "tools/relto/officer.h"

#include <glob.h>
#include <string.h>

const char *officer_who(const struct cli *cli, const char *as)
{
    if (as)
        return as;
    glob_t found;
    const char *pattern = arena_printf(cli->arena, "%s/certs/officer-*.pem", cli->dir), *who = NULL;
    if (!pattern)
        return NULL;
    int rc = glob(pattern, 0, NULL, &found);
    if (rc == 0 && found.gl_pathc == 1) {
        const char *name = strrchr(found.gl_pathv[0], '/') + 1;
        who = arena_printf(cli->arena, "%.*s", (int)(strlen(name) - strlen(".pem")), name);
    } else if (rc == 0) {
        cli_fail(0, "officer", "%zu officers have certificates in %s/certs; say --as officer-NAME", found.gl_pathc, cli->dir);
    } else {
        cli_fail(0, "officer", "no officer has a certificate in %s/certs; make one: relto cert issue --role officer --name NAME",
                 cli->dir);
    }
    globfree(&found);
    return who;
}
