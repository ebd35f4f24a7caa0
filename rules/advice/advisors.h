#pragma once

#include "rules/advice/advice.h"
#include "rules/advice/look.h"
#include "rules/advice/thresholds.h"

/// The advisors, one a file or a family of them in one: see the catalog for what each of them needs, and
/// docs/advice.md for what it stands on.
namespace pgvigil::rules::advice {

void advise_unused_indexes(const Look& look, const Thresholds& thresholds, Opinion& opinion);
void advise_duplicate_indexes(const Look& look, const Thresholds& thresholds, Opinion& opinion);
void advise_redundant_indexes(const Look& look, const Thresholds& thresholds, Opinion& opinion);
void advise_invalid_indexes(const Look& look, const Thresholds& thresholds, Opinion& opinion);
void advise_bloated_indexes(const Look& look, const Thresholds& thresholds, Opinion& opinion);
void advise_foreign_keys(const Look& look, const Thresholds& thresholds, Opinion& opinion);
void advise_sequential_scans(const Look& look, const Thresholds& thresholds, Opinion& opinion);
void advise_vacuum(const Look& look, const Thresholds& thresholds, Opinion& opinion);
void advise_disabled_autovacuum(const Look& look, const Thresholds& thresholds, Opinion& opinion);
void advise_freezing(const Look& look, const Thresholds& thresholds, Opinion& opinion);
void advise_settings(const Look& look, const Thresholds& thresholds, Opinion& opinion);
void advise_sequences(const Look& look, const Thresholds& thresholds, Opinion& opinion);
void advise_slow_statements(const Look& look, const Thresholds& thresholds, Opinion& opinion);
void advise_unstable_statements(const Look& look, const Thresholds& thresholds, Opinion& opinion);
void advise_spilling_statements(const Look& look, const Thresholds& thresholds, Opinion& opinion);
void advise_oversized_results(const Look& look, const Thresholds& thresholds, Opinion& opinion);

}  // namespace pgvigil::rules::advice
