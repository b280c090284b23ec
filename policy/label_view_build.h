// Parts of label views shared by reading, validity and translation; for policy/ alone.
#ifndef RELTO_POLICY_LABEL_VIEW_BUILD_H
#define RELTO_POLICY_LABEL_VIEW_BUILD_H

#include "policy/label_view.h"

// Add a use unless the view has it; the caller has made room in view->uses.
void label_view_add(const struct security_policy *sp, struct label_view *v, struct category_use use);
// Is this a value of the policy's release tag set?
bool label_use_is_release(const struct security_policy *sp, const struct category_use *use);
// The rules of validity between classification and categories (spec 3.1): required and excluded classes and
// categories, selection limits, nothing obsolete. A fault for each violation when d is given.
bool label_view_check(const struct security_policy *sp, const struct label_view *v, struct diag *d,
                      const char *element);
// Is a requiredCategory met by the view?
bool label_required_met(const struct security_policy *sp, const struct label_view *v, const struct spif_required *r);

#endif
