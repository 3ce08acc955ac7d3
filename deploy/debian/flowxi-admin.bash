# Completion of flowxi-admin in bash: that of flowxi.
. /usr/share/bash-completion/completions/flowxi
complete -F _flowxi flowxi-admin
