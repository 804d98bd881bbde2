"""What raw products become; importing this package registers the arrays that need no torch."""

import models.inputs.photos
import models.inputs.sounds
import models.inputs.table_arrays
import models.inputs.text_arrays
import models.inputs.timbre  # noqa: F401 - all of these register
