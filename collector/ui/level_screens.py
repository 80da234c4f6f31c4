"""The screen that asks whether contents may be taken, too (level C): what that is, who reads it, who decides.

Its words only: guided mode shows it and takes nothing but a plain yes for one (`guided.Guide.agreed`).
"""

from __future__ import annotations

from typing import Final

from collector.ui.messages import N_, _

_TITLE: Final = N_("MAY CONTENTS BE COPIED, TOO?")
_USUAL: Final = N_(
    "Noted in any case: the ransom message, programs, the network, names and times of changed files. No document is "
    "copied."
)
_MORE: Final = N_(
    "The expert can do more with copies: some encrypted files, the computer's logs, the memory of suspicious programs. "
    "These may hold data of patients."
)
_READERS: Final = {
    True: N_("They are encrypted: only the expert's key and the practice's reading key can open them."),
    False: N_("They are encrypted: only the practice's reading key can open them."),
}
_WHO: Final = N_("The doctor in charge decides. If nobody is sure, the answer is no: the expert can ask again later.")
_QUESTION: Final = N_("Does the doctor in charge agree to these copies?")


def consent(*, expert: bool) -> tuple[str, ...]:
    """Return the title of the screen and its sentences, in the chosen language.

    `expert`: somebody outside the practice can read what is taken.
    """
    return _(_TITLE), _(_USUAL), "", _(_MORE), "", _(_READERS[expert]), "", _(_WHO), "", _(_QUESTION)
