#pragma once

#include "agent/commands/command.h"

namespace pgvigil::agent {

extern const Command k_advise_command;
extern const Command k_backup_command;
extern const Command k_check_command;
extern const Command k_collect_command;
extern const Command k_docs_command;
extern const Command k_evidence_command;
extern const Command k_notify_command;
extern const Command k_probe_command;
extern const Command k_query_command;
extern const Command k_rules_command;
extern const Command k_run_command;
extern const Command k_silence_command;

}  // namespace pgvigil::agent
